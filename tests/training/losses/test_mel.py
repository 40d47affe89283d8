"""Mel loss: level differences in decades, a floor, every resolution counted."""

import pytest
import torch

from espnet_plugin.training.losses import MelLoss


@pytest.fixture(scope="module")
def loss():
    return MelLoss()


def noise(samples=4000, seed=0):
    return torch.randn(1, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_equal_waves_cost_nothing(loss):
    assert loss(noise(), noise()).item() == 0.0


def test_a_factor_of_ten_is_one_decade_in_each_resolution(loss):
    assert loss(10 * noise(), 100 * noise()).item() == pytest.approx(4.0, rel=1e-9)


def test_floor_hides_what_is_too_quiet(loss):
    assert loss(1e-9 * noise(), 1e-10 * noise()).item() == 0.0


def test_bands_and_frames(loss):
    assert loss.log_mel(noise(4096), 2048).shape == (1, 320, 1 + 4096 // 512)


def test_shortest_wave(loss):
    assert loss.shortest_samples == 1025
    loss(noise(1025), noise(1025, seed=1))
    with pytest.raises(RuntimeError):
        loss(noise(1024), noise(1024, seed=1))


def test_nothing_enters_a_checkpoint(loss):
    assert loss.state_dict() == {}
