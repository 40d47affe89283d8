import csv
import math

import pytest
import torch
from torch import nn

from espnet_plugin.analysis.softplus_curves import analyse_softplus, softplus_rows
from espnet_plugin.errors import UserError

from .conftest import is_png


def test_slopes_and_values_by_hand(network):
    learned = network.magnitude_decoder.softplus.log_slope
    rows = softplus_rows(network)
    assert len(rows) == 201 and rows[200]["frequency_hz"] == 8000 and rows[1]["frequency_hz"] == 40
    slope = math.exp(float(learned[7]))
    assert rows[7]["slope"] == pytest.approx(slope)
    assert rows[7]["value_at_0"] == pytest.approx(math.log(2) * (1 / slope + 1e-6), rel=1e-5)


def test_files(network, tmp_path):
    pytest.importorskip("matplotlib")
    table, curves, picture = analyse_softplus(network, tmp_path)
    with curves.open() as stream:
        rows = list(csv.DictReader(stream))
    x = torch.tensor([float(row["x"]) for row in rows])
    expected = network.magnitude_decoder.softplus(x[:, None].expand(-1, 201))
    assert float(rows[60]["bin_30"]) == pytest.approx(float(expected[60, 30]), rel=1e-4)
    assert len(table.read_text().splitlines()) == 202 and is_png(picture)


def test_networks_without_it():
    with pytest.raises(UserError, match="no learnable softplus"):
        softplus_rows(nn.Linear(1, 1))
