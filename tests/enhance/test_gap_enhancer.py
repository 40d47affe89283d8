"""GAP-URGENet on whole recordings: official numbers, every rate and length, windows, level, options."""

import tracemalloc
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.enhance import gap_enhancer
from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer
from espnet_plugin.errors import UserError
from espnet_plugin.serve.options import with_options
from espnet_plugin.serve.task import UPLOAD, Task, run_task
from tests.gap_urgenet.parity import fixture, meta, relative_error, rule_made_network
from tests.gap_urgenet.tiny import tiny_network

WINDOWS = {"window_s": 0.4, "overlap_s": 0.2, "crossfade_s": 0.05}


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.fixture(scope="module")
def enhancer(network):
    return GapUrgenetEnhancer(network, device="cpu", **WINDOWS)


class Unchanged(nn.Module):
    """Stands for a network that gives every wave back, times a gain for each window."""

    shortest = 320

    def __init__(self, gains=()):
        super().__init__()
        self.gains = iter(gains)
        self.samples = []
        self.lost = []

    def predictive(self, wave):
        self.samples.append(wave.shape[-1])
        return wave * next(self.gains, 1.0)

    def generative(self, wave, lost=None, conceal=True):
        self.lost.append(lost if conceal else "off")
        return wave[:, : wave.shape[-1] // 320 * 320]

    def fuse(self, predictive, generative):
        return predictive


def noise(*shape, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize(
    "case", ["tiny_plc16k", "tiny_noplc16k", "tiny_batch44k1", "tiny_8k_to_24k", "tiny_48k"]
)
def test_official_numbers(shared, case):
    setting = meta(shared)["cases"][case]
    official = GapUrgenetEnhancer(
        rule_made_network(shared, "tiny"),
        device="cpu",
        level="keep",
        packet_loss="official" if setting["enable_plc"] else "off",
    )
    found = official.enhance(
        fixture(shared)[f"{case}/input"].T, setting["sr_in"], setting["sr_out"] or None
    )
    assert relative_error(found.T, fixture(shared)[f"{case}/final"]) < 2e-3


@settings(max_examples=12)
@given(
    samples=st.integers(0, 9000),
    channels=st.sampled_from([None, 1, 2]),
    rates=st.sampled_from(
        [(8000, None), (16000, 48000), (22050, None), (24000, 8000), (32000, None)]
        + [(44100, 16000), (15999, None)]
    ),
)
def test_shape_rate_and_finiteness(enhancer, samples, channels, rates):
    rate_hz, out_rate_hz = rates
    wave = noise(samples) if channels is None else noise(samples, channels)
    cleaned = enhancer.enhance(wave, rate_hz, out_rate_hz)
    assert cleaned.shape == (samples * (out_rate_hz or rate_hz) // rate_hz, *wave.shape[1:])
    assert cleaned.dtype == np.float32
    assert np.isfinite(cleaned).all()


@pytest.mark.parametrize("samples", [1, 2, 100, 319, 320, 321])
@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_the_shortest_recordings(enhancer, samples, rate_hz):
    cleaned = enhancer.enhance(noise(samples), rate_hz)
    assert cleaned.shape == (samples,) and np.isfinite(cleaned).all()


@settings(max_examples=40)
@given(
    samples=st.integers(1, 40000),
    channels=st.sampled_from([1, 2]),
    windows=st.sampled_from([WINDOWS, {"window_s": 0.3, "overlap_s": 0.05, "crossfade_s": 0.05}]),
    level=st.sampled_from(["peak", "match", "keep"]),
)
def test_an_idle_network_gives_the_recording_back_through_all_windows(samples, channels, windows, level):
    idle = GapUrgenetEnhancer(Unchanged(), device="cpu", branch="predictive", level=level, **windows)
    wave = noise(samples, channels)
    np.testing.assert_allclose(idle.enhance(wave, 16000), wave, atol=1e-6)


@pytest.mark.parametrize("seconds", [10.5, 12, 15.1, 37, 61, 600])
def test_every_second_costs_about_the_same(seconds):
    """A network's time goes with the samples it sees: 15 % of them twice at most, in windows below 12 s."""
    idle = GapUrgenetEnhancer(Unchanged(), device="cpu", branch="predictive")
    idle.enhance(noise(round(seconds * 16000)), 16000)
    assert sum(idle.network.samples) <= 1.15 * seconds * 16000
    assert max(idle.network.samples) < 12 * 16000


@pytest.mark.parametrize("seconds", [3, 7.999, 9.5, 10])
def test_up_to_10_s_in_one_piece(seconds):
    idle = GapUrgenetEnhancer(Unchanged(), device="cpu")
    idle.enhance(noise(round(seconds * 16000)), 16000)
    assert idle.network.samples == [round(seconds * 16000)]


def test_official_windows_far_from_the_seams(network):
    """As the official windows and cuts have it (half of a window overlaps), but for the crossfades."""
    enhancer = GapUrgenetEnhancer(network, device="cpu", packet_loss="official", level="keep", **WINDOWS)
    wave = noise(16000)
    pieces = {start: enhancer.enhance(wave[start : start + 6400], 16000) for start in (0, 3200, 6400)}
    found = enhancer.enhance(wave, 16000)
    cuts = [0, 4800, 8000, 11200]  # 0.3 s, then every 0.2 s
    for (start, piece), first, last in zip(pieces.items(), cuts, cuts[1:], strict=False):
        kept = slice(first + 400 * (first > 0), last - 400)
        np.testing.assert_array_equal(found[kept], piece[kept.start - start : kept.stop - start])


def test_a_jump_of_the_level_becomes_a_slope():
    """Windows of 1 and 3: nothing between two samples is larger than the slope of the crossfade."""
    jumping = GapUrgenetEnhancer(
        Unchanged([1.0, 3.0]), device="cpu", branch="predictive", level="keep", **WINDOWS
    )
    found = jumping.enhance(np.full(9600, 0.1, np.float32), 16000)
    assert found.min() == pytest.approx(0.1) and found.max() == pytest.approx(0.3)
    assert np.abs(np.diff(found)).max() <= 1.01 * 0.2 / 800


def test_channels_are_independent(enhancer):
    wave = noise(5000, 2)
    both = enhancer.enhance(wave, 16000)
    np.testing.assert_array_equal(both[:, 1], enhancer.enhance(wave[:, 1], 16000))


@pytest.mark.parametrize("level", ["peak", "match", "keep"])
def test_silence_stays_silent(network, level):
    enhancer = GapUrgenetEnhancer(network, device="cpu", level=level, **WINDOWS)
    wave = noise(20000, 2)
    wave[:, 0] = 0
    cleaned = enhancer.enhance(wave, 16000)
    assert not cleaned[:, 0].any() and cleaned[:, 1].any()
    wave[4000:14000] = 0  # longer than a window
    assert not enhancer.enhance(wave, 16000)[8400:10800].any()


def test_levels(network):
    wave = noise(20000)
    by_level = {
        level: GapUrgenetEnhancer(network, device="cpu", level=level).enhance(wave, 16000)
        for level in ("peak", "match", "keep")
    }
    assert np.abs(by_level["peak"]).max() == pytest.approx(np.abs(wave).max(), rel=1e-4)
    assert np.std(by_level["match"]) == pytest.approx(np.std(wave), rel=1e-3)
    gain = by_level["match"] @ by_level["keep"] / (by_level["keep"] @ by_level["keep"])
    np.testing.assert_allclose(by_level["match"], gain * by_level["keep"], atol=1e-5)


@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_lost_packets_are_seen_from_both_windows_of_a_seam(rate_hz):
    """A gap across a window's edge is a gap for both windows; a pause is none for either."""
    idle = GapUrgenetEnhancer(Unchanged(), device="cpu", **WINDOWS)
    wave = noise(rate_hz)
    wave[round(0.18 * rate_hz) : round(0.22 * rate_hz)] = 0
    idle.enhance(wave, rate_hz)
    found = [lost[0].nonzero().flatten().tolist() for lost in idle.network.lost]
    assert found == [[9, 10], [0], [], []]


def test_packet_loss_choices():
    wave = noise(8000)
    for choice, expected in (("official", None), ("off", "off")):
        idle = GapUrgenetEnhancer(Unchanged(), device="cpu", packet_loss=choice)
        idle.enhance(wave, 16000)
        assert idle.network.lost == [expected]


def test_branches_alone(network):
    wave = noise(6400)
    found = {
        branch: GapUrgenetEnhancer(
            network, device="cpu", branch=branch, level="keep", packet_loss="off"
        ).enhance(wave, 16000)
        for branch in ("fused", "predictive", "generative")
    }
    with torch.inference_mode():
        batch = torch.from_numpy(wave)[None]
        np.testing.assert_allclose(found["predictive"], network.predictive(batch)[0], atol=1e-6)
        generative = network.generative(batch, conceal=False)
        np.testing.assert_allclose(found["generative"], generative[0], atol=1e-6)
    assert not np.allclose(found["fused"], found["predictive"])


@pytest.mark.parametrize(("channels", "longer"), [(1, 30), (2, 5)])
def test_memory_does_not_grow_with_the_recording(channels, longer):
    """Beyond the recording and its result, which the caller holds anyway."""
    idle = GapUrgenetEnhancer(Unchanged(), device="cpu", branch="predictive")
    minute = noise(60 * 16000, channels)
    peaks = []
    for minutes in (1, longer):
        wave = np.tile(minute, (minutes, 1))
        tracemalloc.start()
        result = idle.enhance(wave, 16000)
        peaks.append(tracemalloc.get_traced_memory()[1] - result.nbytes)
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_bfloat16_stays_close(network):
    """On any processor: where it cannot calculate with them, autocast is used all the same here."""
    wave = noise(8000)
    full, half = {}, {}
    for branch in ("predictive", "generative"):
        full[branch] = GapUrgenetEnhancer(network, device="cpu", branch=branch).enhance(wave, 16000)
        with mock.patch.object(gap_enhancer, "calculates_with", lambda *_: True):
            enhancer = GapUrgenetEnhancer(network, device="cpu", dtype="bfloat16", branch=branch)
        half[branch] = enhancer.enhance(wave, 16000)
    assert 0 < relative_error(half["generative"], full["generative"]) < 0.1
    np.testing.assert_array_equal(half["predictive"], full["predictive"])


def test_halves_are_float32_where_a_processor_cannot_calculate_with_them(network):
    with mock.patch.object(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False):
        assert GapUrgenetEnhancer(network, device="cpu", dtype="bfloat16").dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"branch": "both"}, "unknown branch"),
        ({"level": "loud"}, "unknown level"),
        ({"packet_loss": True}, "unknown packet_loss"),
        ({"dtype": "int8"}, "unknown dtype"),
        ({"overlap_s": 8.0}, "shorter than the window"),
        ({"overlap_s": 0.1, "crossfade_s": 0.5}, "must fit into the overlap"),
        ({"device": "abacus"}, "unknown device"),
    ],
)
def test_wrong_options(network, options, words):
    with pytest.raises(UserError, match=words):
        GapUrgenetEnhancer(network, **{"device": "cpu"} | options)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_recordings_are_refused(enhancer, bad):
    wave = noise(30000, 2)
    wave[29999, 1] = bad
    with pytest.raises(UserError, match="NaN or infinite"):
        enhancer.enhance(wave, 16000)
    with pytest.raises(UserError, match="shape"):
        enhancer.enhance(np.zeros((2, 2, 2)), 16000)
    for rates in ((0, None), (16000.5, None), (16000, -1)):
        with pytest.raises(UserError, match="whole number of hertz"):
            enhancer.enhance(noise(10), *rates)


def test_what_a_visitor_of_the_web_page_chooses(network, tmp_path):
    """Stereo at 48 kHz, as the server gets it."""
    enhancer = GapUrgenetEnhancer(network, device="cpu")
    wave = noise(24037, 2)
    for number, options in enumerate(({}, {"branch": "predictive", "level": "match"})):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_audio(folder / "upload.wav", wave, 48000, "FLOAT")
        (folder / "upload.wav").rename(folder / UPLOAD)
        result = run_task(enhancer, Task(folder, "noisy.wav", options, 60.0), lambda *seconds: None)
        found, rate_hz = read_audio(result.path)
        expected = with_options(enhancer, options).enhance(wave, 48000)
        assert rate_hz == 48000 and found.shape == (24037, 2)
        np.testing.assert_array_equal(found, expected)
