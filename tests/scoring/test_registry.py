"""The table of metrics."""

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.compare import LEGEND
from espnet_plugin.scoring.metric import Setup
from espnet_plugin.scoring.registry import METRICS, choose, make


def test_every_metric_can_be_made_and_is_described(tmp_path):
    names = set()
    for name in METRICS:
        metric = make(name, Setup(tmp_path))
        for column in metric.columns:
            assert column.better in ("higher", "lower") and column.name not in names
            assert not column.shown or column.name in LEGEND
            assert not column.weight or column.weight in {other.name for other in metric.columns}
            names.add(column.name)
        if metric.weights is None:
            assert metric.available() is None and metric.settings()["revision"]
        else:
            missing = metric.available()
            assert str(tmp_path / metric.weights.folder) in missing.reason
            assert missing.remedy == f"urgent26 weights --fetch {name}"
            assert metric.weights.licence and metric.weights.size_mb and metric.weights.page.startswith("https://")


def test_names_as_users_write_them():
    assert choose(["lsd", "si-sdr", "Si_SDR", " pesq "]) == ["PESQ", "SI_SDR", "LSD"]
    assert choose() == list(METRICS)
    for bad in (["polqa"], []):
        with pytest.raises(UserError, match="choose from PESQ"):
            choose(bad)
