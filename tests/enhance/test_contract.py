"""The promise of every model for every recording: rate, length, channels, level and time stay."""

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.source import FileSource
from espnet_plugin.audio.write import write_audio
from espnet_plugin.enhance.gap_enhancer import GapUrgenetEnhancer
from espnet_plugin.enhance.job import Job, run_job
from espnet_plugin.enhance.level import FileScratch
from espnet_plugin.enhance.semamba_pp_enhancer import SEMambaPPEnhancer
from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.network import SEMambaPP
from tests.enhance.idle import Idle
from tests.gap_urgenet.tiny import tiny_network

TOY = {"channels": 4, "blocks": 1, "dense_depth": 1, "state_size": 2}
RATES = (8000, 11025, 16000, 22050, 44100, 48000)
WINDOWS = [(0.3, 0.1), (0.25, 0.2), (0.5, 0.0), (0.2, 0.05)]


def speech_like(samples, channels, rate_hz, seed=0):
    """Noise below 3 kHz whose level goes up and down."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal((samples, channels)), axis=0)
    spectrum[np.fft.rfftfreq(samples, 1 / rate_hz) > 3000] = 0
    wave = np.fft.irfft(spectrum, samples, axis=0) if samples > 1 else np.ones((samples, channels))
    slow = 1 + 0.9 * np.sin(2 * np.pi * 3 * np.arange(samples) / rate_hz)
    return (0.1 * wave * slow[:, None]).astype(np.float32)


def relative(found, expected):
    return np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-9)


@pytest.fixture(scope="module")
def models():
    """Name -> a function from options to an enhancer."""
    torch.manual_seed(0)
    semamba, gap = SEMambaPP(**TOY).eval(), tiny_network()
    return {
        "semamba_pp": lambda **options: SEMambaPPEnhancer(semamba, "cpu", **options),
        "gap_urgenet": lambda **options: GapUrgenetEnhancer(gap, "cpu", **options),
        "idle": lambda **options: Idle(**options),
    }


@settings(max_examples=40)
@given(
    samples=st.integers(1, 30000),
    channels=st.sampled_from([1, 2, 3]),
    rate_hz=st.sampled_from(RATES),
    windows=st.sampled_from(WINDOWS),
    level=st.sampled_from(["keep", "match", "peak"]),
    batch=st.integers(1, 5),
    highband=st.sampled_from(["drop", "keep"]),
    mix=st.sampled_from([1.0, 0.3, 0.0]),
)
def test_an_idle_network_changes_nothing(samples, channels, rate_hz, windows, level, batch, highband, mix):
    options = {"window_s": windows[0], "overlap_s": windows[1], "level": level, "batch": batch, "mix": mix}
    wave = speech_like(samples, channels, rate_hz)
    found = Idle(highband=highband, **options).enhance(wave, rate_hz)
    assert found.shape == wave.shape and found.dtype == np.float32
    if rate_hz == 16000 or (highband == "keep" and rate_hz > 16000):
        np.testing.assert_allclose(found, wave, atol=1e-4)
    elif samples > 5000 and windows[1]:  # the edges, and hard cuts, ring for some samples when resampled
        middle = slice(500, -500)
        assert relative(found[middle], wave[middle]) < 0.02


@settings(max_examples=8)
@given(
    name=st.sampled_from(["semamba_pp", "gap_urgenet"]),
    samples=st.integers(1, 12000),
    channels=st.sampled_from([1, 2]),
    rate_hz=st.sampled_from(RATES),
    windows=st.sampled_from(WINDOWS),
    level=st.sampled_from(["match", "peak"]),
)
def test_every_model_keeps_shape_and_level(models, name, samples, channels, rate_hz, windows, level):
    enhancer = models[name](window_s=windows[0], overlap_s=windows[1], level=level)
    wave = speech_like(samples, channels, rate_hz)
    found = enhancer.enhance(wave, rate_hz)
    assert found.shape == wave.shape and np.isfinite(found).all()
    np.testing.assert_array_equal(found, enhancer.enhance(wave, rate_hz))
    if found.any(axis=0).all() and samples > 4000:
        measure = {"match": np.std, "peak": lambda wave, axis: np.abs(wave).max(axis=axis)}[level]
        np.testing.assert_allclose(measure(found, axis=0), measure(wave, axis=0), rtol=0.03)


class Bypass(torch.nn.Module):
    """Gives what it gets."""

    def forward(self, magnitude, phase):
        return magnitude, phase


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("name", ["semamba_pp", "gap_urgenet"])
def test_time_stays(models, name, rate_hz):
    """Clicks come out where they went in: the envelopes fit best without a shift.

    The network is bypassed, everything around it is the model's own: spectrum, rates, windows.
    """
    enhancer = models[name](window_s=0.3, overlap_s=0.1)
    if name == "semamba_pp":
        enhancer.network = Bypass()
    else:
        enhancer.restore = lambda wave, lost: (wave, 16000)
    samples = rate_hz
    wave = np.zeros(samples, np.float32)
    wave[np.random.default_rng(0).integers(0, samples, 40)] = 0.5
    found = enhancer.enhance(wave, rate_hz)
    spectrum = np.fft.rfft(found, 2 * samples) * np.conj(np.fft.rfft(wave, 2 * samples))
    assert np.fft.irfft(spectrum).argmax() == 0


@pytest.mark.parametrize(("name", "rate_hz"), [("semamba_pp", 44100), ("gap_urgenet", 16000)])
def test_batches_give_what_single_windows_give(models, name, rate_hz):
    """Within 1e-4 of the level: products of other sizes round in another order."""
    wave = speech_like(rate_hz * 3 // 4, 2, rate_hz)
    wave[: rate_hz // 2, 1] = 0
    single = models[name](window_s=0.3, overlap_s=0.1, level="keep").enhance(wave, rate_hz)
    for batch in (2, 5):
        together = models[name](window_s=0.3, overlap_s=0.1, level="keep", batch=batch).enhance(wave, rate_hz)
        assert relative(together, single) < 1e-4


def test_batches_are_of_one_length_and_never_larger():
    enhancer = Idle(window_s=0.3, overlap_s=0.1, batch=4)
    enhancer.enhance(speech_like(16000, 3, 16000), 16000)
    assert [size for size, _ in enhancer.batches] == [4, 4, 1, 3]
    assert len({length for _, length in enhancer.batches[:3]}) == 1


def test_windows_give_nearly_what_the_whole_gives(models):
    """The seams show no more than the network's own dependence on its window."""
    wave = speech_like(48000, 1, 16000)
    whole = models["semamba_pp"](window_s=10).enhance(wave, 16000)
    parts = models["semamba_pp"](window_s=1.2, overlap_s=0.4).enhance(wave, 16000)
    assert relative(parts, whole) < 0.2
    jumps = np.abs(np.diff(parts, axis=0)).max()
    assert jumps < 1.5 * np.abs(np.diff(whole, axis=0)).max()


def test_the_level_of_a_window_is_that_of_the_recording():
    """One loud click far away scales a quiet passage as in the published inference, window or not."""
    seen = []

    class Listener(Idle):
        def restore(self, wave, peak):
            seen.extend(peak.flatten().tolist())
            return super().restore(wave, peak)

    wave = speech_like(32000, 2, 16000)
    wave[5, 0] = 0.9
    Listener(window_s=0.3, overlap_s=0.1).enhance(wave, 16000)
    assert len(seen) > 8 and set(seen[::2]) == {np.float32(0.9)}
    assert set(seen[1::2]) == {np.abs(wave[:, 1]).max()}


def test_the_number_of_threads_changes_nothing():
    """Of the published widths, whose kernels divide their work by frames; nor does `--jobs` then."""
    torch.manual_seed(0)
    enhancer = SEMambaPPEnhancer(SEMambaPP(blocks=1, dense_depth=2), "cpu")
    wave = speech_like(60000, 1, 44100)  # a plane of more elements than torch gives to one thread
    threads = torch.get_num_threads()
    try:
        found = []
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            found.append(enhancer.enhance(wave, 44100))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@settings(max_examples=20)
@given(
    samples=st.integers(1, 25000),
    rate_hz=st.sampled_from([16000, 44100]),
    level=st.sampled_from(["keep", "match", "peak"]),
    mix=st.sampled_from([1.0, 0.5]),
    batch=st.integers(1, 3),
)
def test_files_and_arrays_give_the_same_samples(tmp_path_factory, samples, rate_hz, level, mix, batch):
    folder = tmp_path_factory.getbasetemp()
    wave = speech_like(samples, 2, rate_hz)
    soundfile.write(folder / "in.wav", wave, rate_hz, "FLOAT")
    enhancer = Idle(gain=0.7, window_s=0.3, overlap_s=0.1, level=level, mix=mix, batch=batch)
    outcome = run_job(enhancer, Job("in", folder / "in.wav", folder / "out.wav"))
    assert outcome.status == "enhanced"
    np.testing.assert_array_equal(read_audio(folder / "out.wav")[0], enhancer.enhance(wave, rate_hz))


def test_the_band_above_the_network_is_dropped_or_kept():
    rate_hz = 48000
    time_s = np.arange(rate_hz) / rate_hz
    low, high = (0.1 * np.sin(2 * np.pi * hz * time_s).astype(np.float32) for hz in (1000, 12000))
    middle = slice(5000, -5000)
    silenced = {highband: Idle(gain=0.0, highband=highband) for highband in ("drop", "keep")}
    assert not silenced["drop"].enhance(low + high, rate_hz).any()
    np.testing.assert_allclose(silenced["keep"].enhance(low + high, rate_hz)[middle], high[middle], atol=1e-4)
    np.testing.assert_allclose(
        Idle(highband="keep").enhance(low + high, rate_hz), low + high, atol=1e-4
    )
    # There is nothing above the network at its own rate.
    np.testing.assert_array_equal(silenced["keep"].enhance(low, 16000), 0 * low)


def test_dry_and_wet():
    wave = speech_like(20000, 2, 44100)
    wet = Idle(gain=0.2, window_s=0.2, overlap_s=0.05).enhance(wave, 44100)
    mixed = Idle(gain=0.2, window_s=0.2, overlap_s=0.05, mix=0.25).enhance(wave, 44100)
    np.testing.assert_allclose(mixed, 0.25 * wet + 0.75 * wave, atol=1e-6)
    with pytest.raises(UserError, match="at its own rate only"):
        Idle(mix=0.25).enhance(wave, 44100, 16000)


def test_levels_of_each_channel():
    wave = speech_like(20000, 2, 16000) * [1, 0.1]
    for level, measure in (("match", np.std), ("peak", np.max)):
        found = Idle(gain=0.01, level=level).enhance(wave, 16000)
        for channel in range(2):
            wanted = measure(np.abs(wave[:, channel]))
            assert measure(np.abs(found[:, channel])) == pytest.approx(wanted, rel=0.01)
    np.testing.assert_allclose(Idle(gain=0.01).enhance(wave, 16000), 0.01 * wave, atol=1e-6)


def test_another_rate(tmp_path):
    wave = speech_like(30001, 2, 44100)
    found = Idle(window_s=0.3, overlap_s=0.1).enhance(wave, 44100, 16000)
    assert found.shape == (30001 * 16000 // 44100, 2)
    soundfile.write(tmp_path / "in.wav", wave, 44100, "FLOAT")
    run_job(
        Idle(window_s=0.3, overlap_s=0.1), Job("in", tmp_path / "in.wav", tmp_path / "out.wav", rate_hz=16000)
    )
    written, rate_hz = read_audio(tmp_path / "out.wav")
    assert rate_hz == 16000
    np.testing.assert_array_equal(written, found)


def test_long_files_need_no_more_memory(tmp_path):
    """What Python and NumPy hold at once is a few windows."""
    import tracemalloc

    peaks = []
    for seconds in (80, 240):
        path = tmp_path / f"{seconds}.wav"
        write_audio(path, np.tile(speech_like(8000, 2, 8000), (seconds, 1)), 8000)
        enhancer = Idle(8000, window_s=2.0, overlap_s=0.5, level="peak", mix=0.5)
        tracemalloc.start()
        assert run_job(enhancer, Job("x", path, tmp_path / "out.wav")).status == "enhanced"
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0] + 200_000


def test_the_scratch_leaves_nothing(tmp_path):
    write_audio(tmp_path / "in.wav", speech_like(8000, 1, 16000), 16000)
    blocks = Idle(level="peak").stream(FileSource(tmp_path / "in.wav"), FileScratch(tmp_path, 1))
    next(blocks)
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": 0}, "a batch is a whole number"),
        ({"mix": 1.5}, "a part from 0 to 1"),
        ({"level": "rms"}, "unknown level 'rms': choose keep, match, peak"),
        ({"highband": "maybe"}, "unknown highband"),
        ({"crossfade_s": 2.0}, "must fit into the overlap"),
        ({"window_s": 1.0}, "must be shorter than the window"),
    ],
)
def test_impossible_options(options, words):
    with pytest.raises(UserError, match=words):
        Idle(**options)


@pytest.mark.parametrize("level", ["keep", "peak"])
def test_progress_comes_with_the_windows(tmp_path, level):
    write_audio(tmp_path / "in.wav", speech_like(24000, 2, 16000), 16000)
    enhancer = Idle(window_s=0.3, overlap_s=0.1, level=level)
    heard = []
    job = Job("in", tmp_path / "in.wav", tmp_path / "out.wav")
    run_job(enhancer, job, lambda audio_s: heard.append((audio_s, len(enhancer.batches))))
    assert sum(audio_s for audio_s, _ in heard) == pytest.approx(1.5)
    assert heard[0][1] < 6 < heard[-1][1]
