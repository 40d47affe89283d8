import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.mini_corpus import noises


def octave_slope_db(wave, rate_hz):
    """Fall of the power density per octave between 250 Hz and 4 kHz, in dB."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequency_hz = np.fft.rfftfreq(len(wave), 1 / rate_hz)
    density = [power[(frequency_hz >= low) & (frequency_hz < 2 * low)].mean() for low in (250, 2000)]
    return 10 * np.log10(density[1] / density[0]) / 3


@pytest.mark.parametrize("colour, slope_db", [("white", 0), ("pink", -3), ("brown", -6)])
def test_colours_fall_as_they_should(colour, slope_db):
    wave = noises.coloured(colour, 160_000, 16000, np.random.default_rng(0))
    assert octave_slope_db(wave, 16000) == pytest.approx(slope_db, abs=0.3)


def test_hum_is_made_of_mains_harmonics():
    wave = noises.hum(80_000, 16000, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    strongest_hz = np.fft.rfftfreq(len(wave), 1 / 16000)[np.argsort(spectrum)[-8:]]
    distance_hz = [min(abs(f - mains * round(f / mains)) for mains in (50, 60)) for f in strongest_hz]
    assert max(distance_hz) < 1


def test_gusts_come_and_go_at_low_frequencies():
    wave = noises.gusts(160_000, 16000, np.random.default_rng(0))
    level = np.sqrt(np.mean(wave.reshape(-1, 1600) ** 2, axis=1))
    assert level.max() / np.median(level) > 3
    power = np.abs(np.fft.rfft(wave)) ** 2
    below_500_hz = np.fft.rfftfreq(len(wave), 1 / 16000) < 500
    assert power[below_500_hz].sum() > 0.9 * power.sum()


def test_babble_holds_every_voice():
    tones = [np.sin(2 * np.pi * f * np.arange(8000) / 16000) for f in (300, 500, 700)]
    spectrum = np.abs(np.fft.rfft(noises.babble(tones, 16000, np.random.default_rng(0))))
    assert set(np.argsort(spectrum)[-3:]) == {300, 500, 700}


@given(
    samples=st.integers(1, 5000),
    rate_hz=st.sampled_from([8000, 16000, 22050]),
    kind=st.sampled_from(noises.KINDS),
)
def test_length_is_exact_and_samples_are_finite(samples, rate_hz, kind):
    random = np.random.default_rng(1)
    if kind == "babble":
        wave = noises.babble([random.standard_normal(300)], samples, random)
    elif kind in ("hum", "gusts"):
        wave = getattr(noises, kind)(samples + 1, rate_hz, random)[:-1]
    else:
        wave = noises.coloured(kind, samples, rate_hz, random)
    assert wave.shape == (samples,)
    assert np.isfinite(wave).all()
