"""Complex loss: the squared distance in the complex plane."""

import math

import pytest
import torch

from espnet_plugin.training.losses.complex_spectrum import cartesian, complex_loss


def test_cartesian_by_hand():
    magnitude = torch.tensor([[[2.0]]], dtype=torch.float64)
    phase = torch.tensor([[[math.pi / 6]]], dtype=torch.float64)
    torch.testing.assert_close(
        cartesian(magnitude, phase)[0, 0, 0], torch.tensor([math.sqrt(3), 1.0], dtype=torch.float64)
    )


def test_value_is_the_mean_squared_distance_of_points():
    clean = torch.tensor([[[[0.0, 0.0]], [[1.0, 1.0]]]])
    restored = torch.tensor([[[[3.0, 4.0]], [[1.0, 1.0]]]])
    assert complex_loss(clean, restored).item() == pytest.approx(25.0 / 2)
