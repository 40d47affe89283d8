"""The table of metrics."""

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.registry import METRICS, choose, make


def test_every_metric_can_be_made_and_is_described():
    names = set()
    for name in METRICS:
        metric = make(name)
        assert metric.available() is None
        for column in metric.columns:
            assert column.better in ("higher", "lower") and column.name not in names
            names.add(column.name)
        assert metric.settings()["revision"]


def test_names_as_users_write_them():
    assert choose(["lsd", "si-sdr", "Si_SDR", " pesq "]) == ["PESQ", "SI_SDR", "LSD"]
    assert choose() == list(METRICS)
    for bad in (["polqa"], []):
        with pytest.raises(UserError, match="choose from PESQ"):
            choose(bad)
