"""Degradation while reading: the same names give the same result, as the parts of the simulation would."""

import contextlib
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.resample import resample
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.degradation import draw_degradation
from espnet_plugin.simulation.degrader import Degrader
from espnet_plugin.simulation.mixture import degrade
from espnet_plugin.simulation.noise import fitted
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.settings import load_settings
from espnet_plugin.simulation.sources import Source, read_corpus

from .conftest import CONFIGS, speech_like

pytest.importorskip("resampy")


@pytest.mark.parametrize("name", ["restoration.yaml", "restoration_paper.yaml"])
def test_the_same_names_give_the_same_whatever_comes_between(corpus, name):
    speech = speech_like(8000, 16000, 0).astype(np.float32)
    one, other = (Degrader(CONFIGS / name, corpus, seed=3) for _ in range(2))
    forwards = {n: one(speech, f"utterance{n}", "epoch 2") for n in range(12)}
    backwards = {n: other(speech, f"utterance{n}", "epoch 2") for n in reversed(range(12))}
    assert all(np.array_equal(forwards[n], backwards[n]) for n in forwards)
    assert all(wave.dtype == np.float32 and wave.shape == speech.shape for wave in forwards.values())


def test_it_reaches_processes_that_do_not_fork(config, corpus):
    degrader = Degrader(config(), corpus)
    speech = speech_like(8000, 16000, 0)
    copy = pickle.loads(pickle.dumps(degrader))
    np.testing.assert_array_equal(copy(speech, "uid"), degrader(speech, "uid"))


def test_seed_epoch_and_utterance_each_change_the_result(config, corpus):
    speech = speech_like(8000, 16000, 0)
    path = config()
    results = [
        Degrader(path, corpus, seed)(speech, uid, epoch)
        for seed, uid, epoch in [(0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2)]
    ]
    assert len({result.tobytes() for result in results}) == 4


def test_it_does_what_the_drawing_says(config, corpus):
    speech = speech_like(12000, 16000, 1)
    settings, _ = load_settings(config())
    lists = read_corpus(corpus)
    for number in range(8):
        drawn = draw_degradation(settings, sorted(lists.noises), sorted(lists.responses), "uid", number)
        room = lists.responses[drawn.response_uid].read(16000) if drawn.response_uid else None
        position = random_stream(settings.seed, "uid", number, "position").random()
        noise = lists.noises[drawn.noise_uid].read(16000)
        expected = degrade(speech, 16000, room, noise, drawn.snr_db, position, drawn.augmentations)
        result = Degrader(config(), corpus)(speech, "uid", number)
        # Noise of another rate is resampled as a stretch.
        np.testing.assert_allclose(result, expected, atol=1e-3 * np.abs(expected).max())


def test_it_is_what_plain_library_calls_give(config, corpus):
    plain = pytest.importorskip("tests.bench.plain_degradation")
    speech = speech_like(20000, 16000, 2).astype(np.float32)
    degrader = Degrader(config(), corpus)
    for number in range(12):
        with contextlib.ExitStack() as stack:
            for patch in plain.plain_distortions():
                stack.enter_context(patch)
            expected = degrader(speech, "uid", number)
        result = degrader(speech, "uid", number)
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


@given(samples=st.integers(1, 5000), position=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize("own_rate_hz, tolerance", [(16000, 0), (22050, 1e-4), (48000, 1e-4)])
def test_a_stretch_is_that_of_the_whole_file(tmp_path_factory, own_rate_hz, tolerance, samples, position):
    path = tmp_path_factory.getbasetemp() / f"noise{own_rate_hz}.flac"
    if not path.exists():
        write_audio(path, 0.1 * np.random.default_rng(0).standard_normal(own_rate_hz // 5), own_rate_hz)
    source = Source("noise", own_rate_hz, path)
    whole = source.read(16000)
    stretch = source.read_stretch(16000, samples, position)
    if samples >= len(whole):
        np.testing.assert_array_equal(stretch, whole)
    else:
        np.testing.assert_allclose(stretch, fitted(whole, samples, position), atol=tolerance)


def test_the_noise_has_the_wanted_rate(corpus):
    source = next(s for s in read_corpus(corpus).noises.values() if s.rate_hz == 22050)
    whole = resample(source.read(22050), 22050, 16000)
    np.testing.assert_allclose(source.read(16000), whole)


def test_mistakes_are_named(config, corpus, tmp_path):
    with pytest.raises(UserError, match="unknown key 'noize'"):
        Degrader(config(noize={}), corpus)
    with pytest.raises(UserError, match="does not exist"):
        Degrader(config(), tmp_path / "nowhere")
    (corpus / "noise.scp").write_text("")
    with pytest.raises(UserError, match="no noise of 16000 Hz"):
        Degrader(config(), corpus)
