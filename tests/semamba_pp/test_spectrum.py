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
@given(samples=st.integers(201, 3000), batch=st.integers(1, 3), seed=st.integers(0, 99))
def test_synthesis_inverts_analysis(samples, batch, seed):
    wave = torch.randn(batch, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    spectrum = Spectrum().double()
    magnitude, phase = spectrum.analyse(wave)
    assert magnitude.shape == (batch, spectrum.bins, 1 + samples // 100)
    back = spectrum.synthesise(magnitude, phase, length=samples)
    # The last samples after the last whole hop have too little window left to be exact.
    whole = samples // 100 * 100
    torch.testing.assert_close(back[:, :whole], wave[:, :whole], rtol=1e-6, atol=1e-8)


def test_a_wave_too_short_to_reflect_is_refused():
    with pytest.raises(ValueError, match="more than 200 samples, this one has 200"):
        Spectrum().analyse(torch.zeros(1, 200))


def test_nothing_is_stored_in_checkpoints():
    assert Spectrum().state_dict() == {}
