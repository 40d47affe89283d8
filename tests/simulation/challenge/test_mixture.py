import numpy as np
import pytest

from espnet_plugin.simulation.active_power import active_power
from espnet_plugin.simulation.challenge import mixture
from espnet_plugin.simulation.challenge.distortion import parse_distortions
from espnet_plugin.simulation.challenge.ffmpeg import alone
from espnet_plugin.simulation.challenge.high_pass import high_pass

RATE_HZ = 16000
WIND = (
    "wind_noise(threshold=0.1,ratio=2.0,attack=5.0,release=50.0,sc_gain=1.0,clipping=False,"
    "clipping_threshold=0.5)/"
)


def mix(*arguments, **options):
    return alone(mixture.mix(*arguments, **options))


@pytest.fixture
def waves():
    random = np.random.default_rng(0)
    return random.standard_normal(16000), random.standard_normal(16000)


def gain_of(wave, reference):
    return np.dot(wave, reference) / np.dot(reference, reference)


def test_noise_and_the_common_gain(waves):
    speech, noise = waves
    mixed = mix(speech, RATE_HZ, noise, snr_db=-3.0, filter_speech=False)
    np.testing.assert_allclose(mixed.noisy, mixed.clean + mixed.noise, atol=1e-12)
    ratio_db = 10 * np.log10(active_power(mixed.clean) / active_power(mixed.noise))
    assert ratio_db == pytest.approx(-3.0)
    assert max(np.abs(wave).max() for wave in (mixed.noisy, mixed.clean, mixed.noise)) == pytest.approx(0.9)


def test_the_target_is_filtered_too(waves):
    speech, noise = waves
    mixed = mix(speech, RATE_HZ, 1e-6 * noise, snr_db=90.0)
    filtered = high_pass(speech, RATE_HZ)
    np.testing.assert_allclose(mixed.clean, 0.9 / np.abs(filtered).max() * filtered, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(mixed.noisy, mixed.clean, atol=1e-3)


def test_the_target_keeps_the_early_part_of_the_room_and_the_ratio_counts_all_of_it(waves):
    speech, noise = waves
    response = np.zeros(4000)
    response[20], response[3000] = 1.0, 0.9
    mixed = mix(speech, RATE_HZ, noise, 5.0, response=response, filter_speech=False)
    delayed = np.r_[np.zeros(20), speech[:-20]]
    gain = gain_of(mixed.clean, delayed)
    np.testing.assert_allclose(mixed.clean, gain * delayed, atol=1e-10)
    echo = np.r_[np.zeros(3000), 0.9 * speech[:-3000]]
    reverberant = mixed.noisy - mixed.noise
    np.testing.assert_allclose(reverberant, gain * (delayed + echo), atol=1e-10)
    assert 10 * np.log10(active_power(reverberant) / active_power(mixed.noise)) == pytest.approx(5.0)


def test_further_distortions_come_in_order_and_leave_the_target(waves):
    speech, noise = waves
    loss, clip = "packet_loss(packet_loss_indices=[2],packet_duration_ms=20)", "clipping(min=0.2,max=0.7)"
    both = [
        mix(speech, RATE_HZ, noise, 10.0, distortions=parse_distortions(text), filter_speech=False)
        for text in (f"{loss}/{clip}", f"{clip}/{loss}")
    ]
    for mixed in both:
        assert np.std(mixed.noisy[640:960]) == 0
        assert gain_of(mixed.clean, speech) * speech == pytest.approx(mixed.clean)
    assert not np.allclose(both[0].noisy, both[1].noisy)


@pytest.fixture
def plain_mixer(monkeypatch):
    """Stands for ffmpeg: half the sum, and a note of whether it was to be clipped."""
    clipping = []

    def half_the_sum(speech, wind, rate_hz, *, clipping_threshold, **_):
        clipping.append(clipping_threshold)
        yield from ()
        return (speech + wind) / 2, wind

    monkeypatch.setattr(mixture, "mix_wind", half_the_sum)
    return clipping


@pytest.mark.parametrize("in_a_room", [False, True])
def test_the_levels_of_the_official_wind_and_the_mended_ones(waves, plain_mixer, in_a_room):
    speech, noise = waves
    response = np.r_[1.0, np.zeros(9)] if in_a_room else None
    options = {"response": response, "distortions": parse_distortions(WIND), "filter_speech": False}
    mended = mix(speech, RATE_HZ, noise, 0.0, fixes={"wind_level"}, **options)
    assert gain_of(mended.noisy - mended.noise, mended.clean) == pytest.approx(1.0)
    official = mix(speech, RATE_HZ, noise, 0.0, **options)
    in_clean = 0.9 / max(np.abs(speech).max(), np.abs(noise).max()) if not in_a_room else 1.0
    gain = gain_of(official.noisy - official.noise / 2, official.clean)
    assert gain == pytest.approx(0.5 / in_clean, rel=0.02)


def test_official_wind_is_always_clipped(waves, plain_mixer):
    speech, noise = waves
    for fixes in ((), {"wind_clipping"}):
        mix(speech, RATE_HZ, noise, 0.0, distortions=parse_distortions(WIND), fixes=fixes)
    assert plain_mixer == [0.5, None]
