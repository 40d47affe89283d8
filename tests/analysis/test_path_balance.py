import csv

import numpy as np
import pytest
import torch

from espnet_plugin.analysis import path_balance
from espnet_plugin.analysis.path_balance import analyse_paths, conditions, gradient_norms, summarise
from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.simulation.active_power import active_power

from .conftest import RATE_HZ, harmonics, is_png

pytest.importorskip("resampy")


@pytest.fixture
def pair(spectrum):
    clean = torch.from_numpy(harmonics(150))[None]
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    return spectrum.analyse(noisy), spectrum.analyse(clean)


def test_each_condition_is_one_degradation():
    clean = harmonics(150, seconds=1.0)
    noise = np.random.default_rng(0).standard_normal(20000).astype(np.float32)
    for kind, value, wave in conditions(clean, noise, 0.2, RATE_HZ):
        if kind == path_balance.SNR:
            ratio = active_power(clean) / active_power(wave.astype(float) - clean)
            assert 10 * np.log10(ratio) == pytest.approx(value, abs=0.01)
        else:
            power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
            assert power[round(1.1 * value) :].sum() < 1e-4 * power.sum()


def test_a_path_that_the_merge_ignores_has_no_gradient(network, pair):
    key = (1, 0)
    merge = network.blocks[1].levels[0].frequency.merge
    before = gradient_norms(network, *pair)[key]
    kept = merge.weight.detach().clone()
    channels = merge.weight.shape[0]
    try:
        merge.weight[:, :channels] = 0.0  # the global half comes first
        after = gradient_norms(network, *pair)[key]
    finally:
        merge.weight.copy_(kept)
    assert min(before) > 0
    assert after[0] == 0.0 and after[1] > 0


def test_outputs_and_weights(network, pair):
    outputs, weights = (gradient_norms(network, *pair, quantity) for quantity in ("outputs", "weights"))
    assert set(outputs) == set(weights) and outputs != weights
    # Against plain autograd.
    path = network.blocks[0].levels[2].frequency.local_path.requires_grad_(True)
    loss = path_balance._loss(network(*pair[0]), pair[1])
    gradients = torch.autograd.grad(loss, list(path.parameters()))
    path.requires_grad_(False)
    expected = sum(float(gradient.square().sum()) for gradient in gradients) ** 0.5
    assert weights[0, 2][1] == pytest.approx(expected, rel=1e-4)
    assert not any(weight.requires_grad for weight in network.parameters())


def test_the_loss_by_hand():
    magnitude, phase = torch.tensor([[[2.0]]]), torch.zeros(1, 1, 1)
    clean = torch.tensor([[[1.0]]]), torch.full((1, 1, 1), torch.pi / 2)
    # Magnitudes differ by 1; 2 - i has squares 4 and 1, mean 2.5.
    assert float(path_balance._loss((magnitude, phase), clean)) == pytest.approx(0.9 + 0.2 * 2.5)


def test_means_are_geometric():
    place = {"kind": "snr_db", "value": 0.0, "level": 1}
    rows = [{**place, "ratio": ratio} for ratio in (1.0, 4.0, float("nan"))]
    (row,) = summarise(rows)
    assert row["ratio"] == pytest.approx(2.0) and row["count"] == 2


def test_files(network, spectrum, recordings, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(path_balance, "SNRS_DB", (-5.0, 10.0))
    monkeypatch.setattr(path_balance, "CUTOFFS_HZ", (4000,))
    noise = np.random.default_rng(0).standard_normal(9000).astype(np.float32)
    files = analyse_paths(network, spectrum, recordings[:2], lambda name: (noise, 0.0), tmp_path)
    with files[0].open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 3 * 6  # recordings, conditions, levels of all blocks
    assert all(float(row["ratio"]) > 0 for row in rows)
    assert is_png(files[2])


def test_networks_without_both_paths(spectrum, recordings, tmp_path):
    local = SEMambaPP(channels=4, blocks=1, state_size=2, dense_depth=1, frequency="local")
    with pytest.raises(UserError, match="global and a local path"):
        analyse_paths(local, spectrum, recordings, None, tmp_path)
