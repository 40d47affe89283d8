import numpy as np
import pytest

from espnet_plugin.simulation.challenge.distortion import parse_distortions
from espnet_plugin.simulation.challenge.ffmpeg import alone

TEXT = (
    "wind_noise(threshold=0.1,ratio=7.8,attack=74.3,release=2.5,sc_gain=1.0,clipping=False,"
    "clipping_threshold=0.9)/"
    "packet_loss(packet_loss_indices=[3, 4],packet_duration_ms=20)/clipping(min=0.05,max=0.93)/"
    "codec(format=mp3,encoder=None,qscale=4)/bandwidth_limitation-scipy->8000"
)


def test_every_item_and_its_values():
    wind, loss, clipping, codec, bandwidth = parse_distortions(TEXT)
    assert wind.name == "wind_noise" and wind.parameters["attack"] == 74.3
    assert wind.parameters["clipping"] is False
    assert loss.parameters == {"packet_loss_indices": [3, 4], "packet_duration_ms": 20}
    assert clipping.parameters == {"min": 0.05, "max": 0.93}
    assert codec.parameters == {"format": "mp3", "encoder": None, "qscale": 4}
    assert bandwidth.parameters == {"method": "scipy", "rate_hz": 8000}


def test_nothing_and_wind_alone():
    assert parse_distortions("none") == ()
    assert [item.name for item in parse_distortions(TEXT.partition("/")[0] + "/")] == ["wind_noise"]


@pytest.mark.parametrize(
    "text",
    [
        "echo(delay=3)",
        "clipping(min=0.1)",
        "clipping",
        "codec(format=mp3,encoder=opus,qscale=4)",
        "bandwidth_limitation-sinc->8000",
        "packet_loss(packet_loss_indices=[3],packet_duration_ms=20,share=2)",
    ],
)
def test_unknown_items_are_named(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse_distortions(text)


def test_what_the_items_do():
    wave = np.random.default_rng(0).standard_normal(8000)
    loss, clipping, bandwidth = parse_distortions(
        "packet_loss(packet_loss_indices=[1],packet_duration_ms=20)/clipping(min=0.1,max=0.8)/"
        "bandwidth_limitation-scipy->8000"
    )
    assert np.flatnonzero(alone(loss.apply(wave, 16000)) == 0).tolist() == list(range(320, 640))
    low, high = np.quantile(wave, [0.1, 0.8])
    np.testing.assert_allclose(alone(clipping.apply(wave, 16000)), np.clip(wave, low, high), atol=1e-12)
    spectrum = np.abs(np.fft.rfft(alone(bandwidth.apply(wave, 16000))))
    assert spectrum[2100:].max() < 1e-6 * spectrum[:1900].max()


def test_speech_of_the_lowest_rate_has_no_narrower_band():
    (nothing,) = parse_distortions("bandwidth_limitation-none->8000")
    wave = np.arange(5.0)
    np.testing.assert_array_equal(alone(nothing.apply(wave, 8000)), wave)
