"""The transform against the official features, and as its own inverse."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.semamba_pp.spectrum import Spectrum
from tests.semamba_pp.parity import relative_rms


@pytest.fixture
def numbers(shared):
    with np.load(shared / "fixtures" / "semamba_pp_parity.npz") as file:
        yield file


def test_features_of_the_official_front_end(numbers):
    wave = torch.from_numpy(numbers["noisy_wav"] / (numbers["peak"] + np.float32(1e-9)))[None]
    magnitude, phase = Spectrum().analyse(wave)
    assert np.abs(magnitude[0].numpy() - numbers["noisy_mag"]).max() < 5e-3
    assert relative_rms(magnitude[0].numpy(), numbers["noisy_mag"]) < 1e-4
    # Frame 0 is even-symmetric: the sign of +-pi there is rounding noise. Never compare raw phase.
    for function in (np.cos, np.sin):
        assert np.abs(function(phase[0].numpy()) - function(numbers["noisy_pha"])).max() < 0.05


def test_wave_of_the_official_back_end(numbers):
    phase = np.arctan2(numbers["out_pha_sin"], numbers["out_pha_cos"])
    wave = Spectrum().synthesise(torch.from_numpy(numbers["out_mag"])[None], torch.from_numpy(phase)[None])
    assert wave.shape == (1, 16000)
    assert relative_rms(wave[0].numpy(), numbers["out_wav_norm"]) < 1e-5
    assert relative_rms(wave[0].numpy() * numbers["peak"], numbers["out_wav"]) < 1e-5


@settings(max_examples=25, deadline=None)
@given(
    rate_hz=st.sampled_from([8000, 16000, 22080, 48000]),
    samples=st.integers(601, 3000),
    batch=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_synthesis_inverts_analysis(rate_hz, samples, batch, seed):
    wave = torch.randn(batch, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    spectrum, hop = Spectrum(rate_hz).double(), rate_hz // 160
    magnitude, phase = spectrum.analyse(wave)
    assert magnitude.shape == (batch, 1 + rate_hz // 80, 1 + samples // hop)
    back = spectrum.synthesise(magnitude, phase, length=samples)
    # The last samples after the last whole hop have too little window left to be exact.
    whole = samples // hop * hop
    torch.testing.assert_close(back[:, :whole], wave[:, :whole], rtol=1e-6, atol=1e-8)


def test_a_wave_too_short_to_reflect_is_refused():
    with pytest.raises(ValueError, match="more than 200 samples, this one has 200"):
        Spectrum().analyse(torch.zeros(1, 200))


@pytest.mark.parametrize("rate_hz", [44100, 0, -16000])
def test_rates_without_whole_frames_are_refused(rate_hz):
    with pytest.raises(ValueError, match=f"a multiple of 160 Hz, not {rate_hz} Hz"):
        Spectrum(rate_hz)


def test_bins_have_the_same_frequencies_at_every_rate():
    """A tone of 1 kHz stands in the same bin and frame, with the same level per sample, at 16 and at 48 kHz."""
    peaks = []
    for rate_hz in (16000, 48000):
        wave = torch.sin(2 * torch.pi * 1000 * torch.arange(rate_hz) / rate_hz)[None]
        magnitude, _ = Spectrum(rate_hz).analyse(wave)
        assert magnitude.shape[2] == 161
        assert magnitude[0, :, 80].argmax() == 25
        peaks.append(magnitude[0, 25, 80] ** (1 / 0.3) / rate_hz)
    torch.testing.assert_close(*peaks, rtol=1e-3, atol=0)


def test_nothing_is_stored_in_checkpoints():
    assert Spectrum().state_dict() == {}
