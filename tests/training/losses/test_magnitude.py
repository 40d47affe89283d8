"""Magnitude loss: squared, averaged over everything."""

import torch

from espnet_plugin.training.losses import magnitude_loss


def test_hand_worked_value():
    clean = torch.tensor([[[1.0, 2.0], [0.0, 4.0]]])
    restored = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]])
    assert magnitude_loss(clean, restored).item() == (0 + 4 + 1 + 9) / 4
