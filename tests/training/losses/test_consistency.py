"""Consistency loss: zero for the spectrum of a wave, positive for one that no wave has."""

import torch

from espnet_plugin.training.losses import ConsistencyLoss


def test_spectrum_of_a_wave_is_consistent():
    torch.manual_seed(0)
    loss = ConsistencyLoss()
    wave = torch.randn(2, 800, dtype=torch.float64)
    spectrum = loss.spectrum(wave)
    assert spectrum.shape == (2, 201, 9, 2)
    assert loss(spectrum, wave).item() == 0.0
    # A shifted real part costs twice the square of the shift over two parts.
    shifted = spectrum + torch.tensor([0.5, 0.0])
    torch.testing.assert_close(loss(shifted, wave).item(), 0.25)


def test_compression_is_applied_to_the_magnitude():
    wave = torch.randn(1, 800, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    plain = ConsistencyLoss(compression=1.0).spectrum(wave)
    compressed = ConsistencyLoss(compression=0.3).spectrum(wave)
    torch.testing.assert_close(compressed.norm(dim=-1), plain.norm(dim=-1) ** 0.3)


def test_gradient_is_finite_for_a_silent_wave_and_reaches_both_sides():
    loss = ConsistencyLoss()
    wave = torch.zeros(1, 800, requires_grad=True)
    spectrum = torch.ones(1, 201, 9, 2, requires_grad=True)
    loss(spectrum, wave).backward()
    for gradient in (wave.grad, spectrum.grad):
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0


def test_nothing_enters_a_checkpoint():
    assert ConsistencyLoss().state_dict() == {}
