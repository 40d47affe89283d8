import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.bandwidth import FILTER_TYPES, RESAMPLING_METHODS, low_pass, resample_detour
from espnet_plugin.simulation.resampling import resample_by

pytest.importorskip("resampy")


def gain_db(process, frequency_hz, rate_hz=16000):
    """Level of a tone behind the process, against the tone, in the middle of 2 s."""
    time_s = np.arange(2 * rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * frequency_hz * time_s)
    middle = slice(rate_hz // 2, -rate_hz // 2)
    return 10 * np.log10(np.mean(process(tone)[middle] ** 2) / np.mean(tone[middle] ** 2) + 1e-20)


def filtered(type, order=4, cutoff_hz=3000, stopband_db=40.0):
    return lambda wave: low_pass(wave, 16000, type, order, cutoff_hz, ripple_db=1.0, stopband_db=stopband_db)


@pytest.mark.parametrize("type", FILTER_TYPES)
def test_low_pass_keeps_below_and_takes_above_the_cutoff(type):
    assert gain_db(filtered(type), 300) == pytest.approx(0, abs=2.1)  # 1 dB of ripple, twice
    assert gain_db(filtered(type), 6500) < -40


@pytest.mark.parametrize(
    "type, at_cutoff_db",
    [("butterworth", -6.02), ("chebyshev1", -2), ("chebyshev2", -80), ("elliptic", -2)],
)
def test_level_at_the_cutoff_after_both_passes(type, at_cutoff_db):
    assert gain_db(filtered(type, order=6), 3000) == pytest.approx(at_cutoff_db, abs=0.1)


def test_chebyshev_2_with_1_db_is_nearly_an_all_pass():
    # So the released model was trained: apart from narrow notches only 2 dB are lost above the cutoff, and
    # the resampling alone limits the band.
    pulse = np.zeros(16001)
    pulse[8000] = 1
    levels_db = {}
    for stopband_db in (1.0, 40.0):
        response = filtered("chebyshev2", order=8, stopband_db=stopband_db)(pulse)
        above_cutoff = np.abs(np.fft.rfft(response))[3200:]
        levels_db[stopband_db] = 20 * np.log10(np.median(above_cutoff) + 1e-20)
    assert levels_db[1.0] > -4
    assert levels_db[40.0] < -80


@pytest.mark.parametrize("type", FILTER_TYPES)
@pytest.mark.parametrize("order", [2, 8])
@pytest.mark.parametrize("cutoff_hz", [2000, 7000])
def test_low_pass_is_stable_and_does_not_shift(type, order, cutoff_hz):
    pulse = np.zeros(8001)
    pulse[4000] = 1
    response = low_pass(pulse, 16000, type, order, cutoff_hz, ripple_db=1.0, stopband_db=40.0)
    np.testing.assert_allclose(response, response[::-1], atol=1e-6)
    assert np.abs(response[[0, -1]]).max() < 1e-3


@given(
    samples=st.integers(1, 300),
    type=st.sampled_from(FILTER_TYPES),
    order=st.integers(1, 8),
    cutoff_hz=st.sampled_from([2000, 3000, 7000]),
)
def test_both_passes_are_those_of_scipy(samples, type, order, cutoff_hz):
    wave = np.random.default_rng(samples).standard_normal(samples)
    share = cutoff_hz / 8000
    sections = {
        "butterworth": lambda: scipy.signal.butter(order, share, output="sos"),
        "chebyshev1": lambda: scipy.signal.cheby1(order, 1.0, share, output="sos"),
        "chebyshev2": lambda: scipy.signal.cheby2(order, 40.0, share, output="sos"),
        "bessel": lambda: scipy.signal.bessel(order, share, norm="phase", output="sos"),
        "elliptic": lambda: scipy.signal.ellip(order, 1.0, 40.0, share, output="sos"),
    }[type]()
    edge = min(3 * (2 * len(sections) + 1), samples - 1)
    expected = scipy.signal.sosfiltfilt(sections, wave, padlen=edge)
    result = low_pass(wave, 16000, type, order, cutoff_hz, ripple_db=1.0, stopband_db=40.0)
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


def test_first_order_by_hand():
    # Butterworth of order 1 at a quarter of the rate: y[n] = (x[n] + x[n-1]) / 2. Settled at both ends.
    pulse = np.zeros(9)
    pulse[4] = 1.0
    expected = [0, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0]
    np.testing.assert_allclose(low_pass(pulse, 16000, "butterworth", 1, 4000), expected, atol=1e-12)


@pytest.mark.parametrize("method", RESAMPLING_METHODS)
@pytest.mark.parametrize("lower_rate_hz", [4000, 10000, 14000])
def test_detour_keeps_below_and_takes_above_half_the_rate(method, lower_rate_hz):
    def detour(wave):
        return resample_detour(wave, 16000, lower_rate_hz, method)

    assert gain_db(detour, 0.3 * lower_rate_hz) == pytest.approx(0, abs=0.2)
    assert gain_db(detour, 0.5 * lower_rate_hz + 900) < -30


@given(
    samples=st.integers(50, 3000),
    rates_hz=st.sampled_from([(16000, 6000), (44100, 22050), (48000, 44100), (22050, 16000)]),
)
def test_the_spectral_detour_is_that_of_scipy(samples, rates_hz):
    wave = np.random.default_rng(samples).standard_normal(samples)
    narrow = resample_by("scipy", wave, *rates_hz)
    expected = resample_by("scipy", narrow, *reversed(rates_hz))[:samples]
    np.testing.assert_allclose(resample_detour(wave, *rates_hz, "scipy"), expected, atol=1e-12)


@given(
    samples=st.integers(0, 2000),
    rate_hz=st.sampled_from([8000, 16000, 22050, 44100]),
    lower_rate_hz=st.sampled_from([4000, 6000, 7350]),
    method=st.sampled_from(RESAMPLING_METHODS),
    type=st.sampled_from(FILTER_TYPES),
    order=st.sampled_from([2, 4, 6, 8]),
)
def test_length_and_type_are_kept_at_all_rates(samples, rate_hz, lower_rate_hz, method, type, order):
    wave = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    if samples >= rate_hz // lower_rate_hz + 1:
        detour = resample_detour(wave, rate_hz, lower_rate_hz, method)
        assert detour.shape == wave.shape and detour.dtype == wave.dtype and np.isfinite(detour).all()
    narrow = low_pass(wave, rate_hz, type, order, lower_rate_hz / 2, 1.0, 40.0)
    assert narrow.shape == wave.shape and narrow.dtype == wave.dtype and np.isfinite(narrow).all()


def test_mistakes_are_named():
    wave = np.ones(100)
    with pytest.raises(ValueError, match="below 16000"):
        resample_detour(wave, 16000, 16000, "scipy")
    with pytest.raises(ValueError, match="unknown resampling method sinc"):
        resample_detour(wave, 16000, 8000, "sinc")
    with pytest.raises(ValueError, match="unknown filter type brick"):
        low_pass(wave, 16000, "brick", 4, 3000)
    with pytest.raises(ValueError, match="cutoff"):
        low_pass(wave, 16000, "butterworth", 4, 8000)
    with pytest.raises(ValueError, match="stopband_db"):
        low_pass(wave, 16000, "elliptic", 4, 3000, ripple_db=1.0)
