"""Constant-Q transform: where tones land, how strong, and the arithmetic against plain sums."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from espnet_plugin.training.discriminators.constant_q import ConstantQTransform, OctaveCascade, design_kernels

RATE_HZ, LOWEST_HZ, OCTAVES = 32000, 32.70, 8


def spectrum(wave, **options):
    """(bins, T) complex, from the lowest bin up."""
    parts = ConstantQTransform(**options).double()(OctaveCascade().double()(wave))
    joined = torch.cat(parts, dim=-1)[0]
    return torch.complex(joined[0], joined[1]).T


@given(bin_number=st.integers(12, 95), amplitude=st.floats(0.01, 1.0), phase=st.floats(-3.0, 3.0))
def test_tone_lands_in_its_bin(bin_number, amplitude, phase):
    frequency = LOWEST_HZ * 2 ** (bin_number / 12)
    time_s = torch.arange(32000, dtype=torch.float64) / RATE_HZ
    tone = amplitude * torch.cos(2 * torch.pi * frequency * time_s + phase)[None]
    middle = spectrum(tone)[:, 20:40].abs().mean(1)
    assert middle.argmax() == bin_number
    # A kernel has an absolute sum of 1 and catches half of a cosine; the length of the bin scales it.
    length = np.ceil(RATE_HZ / frequency / (2 ** (1 / 12) - 1))
    assert middle[bin_number] == pytest.approx(amplitude / 2 * np.sqrt(length), rel=0.02)


def test_top_octave_is_the_inner_product_with_the_kernels():
    wave = torch.randn(1, 4096, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    quality = 1 / (2 ** (1 / 24) - 1)
    frequencies = LOWEST_HZ * 2 ** (7 + np.arange(24) / 24)
    kernels = design_kernels(frequencies, RATE_HZ, quality)
    frame = wave[0, 6 * 256 - 256 : 6 * 256 + 256].numpy()
    expected = kernels.conj() @ frame * np.sqrt(np.ceil(quality * RATE_HZ / frequencies))
    found = spectrum(wave, bins_per_octave=24, hop_samples=256)[-24:, 6]
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-7 * np.abs(expected).max())


@pytest.mark.parametrize("bins, kernel_samples", [(12, 256), (24, 512), (36, 512)])
def test_kernels(bins, kernel_samples):
    quality = 1 / (2 ** (1 / bins) - 1)
    frequencies = LOWEST_HZ * 2 ** (7 + np.arange(bins) / bins)
    kernels = design_kernels(frequencies, RATE_HZ, quality)
    assert kernels.shape == (bins, kernel_samples)
    np.testing.assert_allclose(np.abs(kernels).sum(1), 1.0)
    # Periods of a kernel: the same for all, which gives the transform its name.
    periods = (np.abs(kernels) > 0).sum(1) * frequencies / RATE_HZ
    assert np.ptp(periods) < 1.1 * frequencies[-1] / RATE_HZ * 2


@given(samples=st.integers(128, 6000))
def test_frames_and_octaves(samples):
    transform = ConstantQTransform(hop_samples=256, bins_per_octave=12)
    octaves = transform(OctaveCascade()(torch.zeros(2, samples)))
    assert [tuple(octave.shape) for octave in octaves] == [(2, 2, 1 + samples // 256, 12)] * OCTAVES


@given(samples=st.integers(2, 1000), seed=st.integers(0, 99))
def test_halving_in_blocks_is_one_convolution_with_the_low_pass(samples, seed):
    cascade = OctaveCascade().double()
    wave = torch.randn(2, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    low_pass = cascade.shifted_low_passes[:1, :, : cascade.TAPS]
    expected = functional.conv1d(wave[:, None], low_pass, stride=2, padding=127)[:, 0]
    torch.testing.assert_close(cascade.halve(wave), expected)


def test_low_pass_cuts_at_half_the_band():
    time = torch.arange(8000, dtype=torch.float64)
    cascade = OctaveCascade(2).double()

    def gain(frequency):
        tone = torch.sin(torch.pi * frequency * time)[None]
        return (cascade(tone)[1][:, 500:-500].square().mean() / tone.square().mean()).sqrt().item()

    assert gain(0.45) == pytest.approx(1.0, abs=5e-3)
    assert gain(0.55) < 5e-3


def test_hop_must_divide_down_to_the_lowest_octave():
    with pytest.raises(ValueError, match="multiple of 128 samples, not 320"):
        ConstantQTransform(hop_samples=320)


def test_nothing_enters_a_checkpoint():
    assert OctaveCascade().state_dict() == ConstantQTransform().state_dict() == {}
