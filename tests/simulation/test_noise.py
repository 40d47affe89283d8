import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.active_power import active_power, active_samples
from espnet_plugin.simulation.noise import add_noise, fitted


def bursts(samples, seed, level=1.0):
    """Noise that is silent half of the time, in blocks of 4096 samples."""
    wave = level * np.random.default_rng(seed).standard_normal(samples)
    return np.where(np.arange(samples) // 4096 % 2 == 0, wave, 0.0)


def test_active_samples_by_hand():
    # 4096 loud, 4096 silent: frames that touch the loud part start before sample 4096.
    wave = np.zeros(8192)
    wave[:4096] = 1.0
    active = active_samples(wave)
    assert active[:4096].all() and not active[4096:].any()
    assert active_power(wave) == 1.0


def test_a_weak_frame_counts_from_one_percent_of_the_mean():
    wave = np.concatenate([np.ones(10240), np.full(10240, 0.15), np.full(10240, 0.05)])
    # Mean power about 0.34: 0.0225 is above 1 % of it, 0.0025 is not.
    assert active_power(wave) == pytest.approx((1 + 0.15**2) / 2, rel=0.01)


@pytest.mark.parametrize("samples", [0, 1, 1023])
def test_short_waves_are_active_as_a_whole(samples):
    assert active_samples(np.ones(samples)).tolist() == [True] * samples
    assert active_power(np.zeros(samples)) == 0.0


@given(samples=st.integers(1024, 6000), seed=st.integers(0, 9))
def test_active_power_matches_a_loop_over_frames(samples, seed):
    wave = bursts(samples, seed) * np.linspace(0, 1, samples)
    # Frames begin every 512 samples until all samples are covered.
    starts = range(0, samples - 512, 512)
    powers = [np.sum(wave[start : start + 1024] ** 2) / 1024 for start in starts]
    kept = []
    for frame, power in enumerate(powers):
        stop = samples if frame == len(powers) - 1 else 512 * (frame + 1)
        kept += [wave[512 * frame : stop]] if power > 0.01 * np.mean(powers) else []
    assert active_power(wave) == pytest.approx(np.mean(np.concatenate(kept) ** 2))


def test_the_gain_by_hand():
    # Speech of power 4 in its active half, noise of power 0.25: equal powers need a gain of 4, 20 dB a tenth.
    speech, noise = np.zeros(8192), np.full(8192, 0.5)
    speech[:4096] = 2.0
    np.testing.assert_allclose(add_noise(speech, noise, snr_db=20.0) - speech, 0.1 * 4 * 0.5)
    np.testing.assert_allclose(add_noise(speech, noise, snr_db=0.0) - speech, 4 * 0.5)


@pytest.mark.parametrize("snr_db", [-10, -5, 0, 20])
def test_the_ratio_over_active_frames_is_the_wanted_one(snr_db):
    speech, noise = bursts(32768, 0, level=0.2), bursts(20000, 1, level=3.0)
    added = add_noise(speech, noise, snr_db, position=0.3) - speech
    assert 10 * np.log10(active_power(speech) / active_power(added)) == pytest.approx(snr_db, abs=1e-9)
    # Over all samples it would be another ratio, as speech and noise pause differently.
    assert abs(10 * np.log10(np.mean(speech**2) / np.mean(added**2)) - snr_db) > 0.05


@given(
    samples=st.integers(0, 4000),
    noise_samples=st.integers(1, 4000),
    position=st.floats(0, 1, exclude_max=True),
)
def test_noise_of_any_length_is_fitted(samples, noise_samples, position):
    noise = np.arange(noise_samples)
    piece = fitted(noise, samples, position)
    assert len(piece) == samples
    steps = np.diff(piece)
    assert np.all((steps == 1) | (steps == 1 - noise_samples))  # consecutive, or once round the circle
    if noise_samples >= samples:
        assert np.all(steps == 1)


def test_the_position_chooses_the_stretch():
    assert fitted(np.arange(10), 4, 0.0).tolist() == [0, 1, 2, 3]
    assert fitted(np.arange(10), 4, 0.999).tolist() == [6, 7, 8, 9]
    assert fitted(np.arange(3), 7, 0.5).tolist() == [1, 2, 0, 1, 2, 0, 1]


def test_silent_noise_or_speech_adds_nothing():
    speech = np.ones(2000, dtype=np.float32)
    assert np.array_equal(add_noise(speech, np.zeros(100), 0), speech)
    assert not add_noise(np.zeros(2000), np.ones(100), 0).any()


def test_type_is_kept_and_empty_noise_refused():
    assert add_noise(np.ones(5, np.float32), np.ones(5), 0).dtype == np.float32
    with pytest.raises(ValueError, match="no samples"):
        add_noise(np.ones(5), np.ones(0), 0)
