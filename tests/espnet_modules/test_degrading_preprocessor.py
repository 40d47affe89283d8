"""Degradation while training reads: the same for any number of workers, cut and normalised as pairs are."""

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet

RATE_HZ = 16000


class Halving:
    """A degrader that halves the level and notes what it was given."""

    rate_hz = RATE_HZ

    def __init__(self):
        self.calls = []

    def __call__(self, speech, *names):
        self.calls.append((len(speech), names))
        return 0.5 * speech


def preprocessor(degrader, segment_samples=1000, **options):
    from espnet_plugin.espnet_modules.degrading_preprocessor import DegradingPreprocessor

    return DegradingPreprocessor(degrader, segment_samples, RATE_HZ, **options)


def ramp(samples):
    return np.arange(1, samples + 1, dtype=np.float32)


def test_the_whole_recording_is_degraded_and_one_place_cut():
    degrader = Halving()
    segments = preprocessor(degrader)("uid", {"speech_ref1": ramp(50000)})
    assert degrader.calls == [(50000, ("uid", "epoch 1"))]
    # A ramp tells the place; halving vanishes in the division by the peak.
    np.testing.assert_allclose(segments["speech_mix"], segments["speech_ref1"], rtol=1e-6)
    np.testing.assert_allclose(np.diff(segments["speech_ref1"]), 1 / 50000, rtol=1e-2)


def test_a_segment_takes_the_second_before_it_along():
    degrader = Halving()
    segments = preprocessor(degrader, scope="segment")("uid", {"speech_ref1": ramp(90000)})
    ((samples, _),) = degrader.calls
    start = round(float(segments["speech_ref1"][0]) * 90000) - 1
    assert samples == min(start, RATE_HZ) + 1000
    # The degraded stretch ends with its own peak, the clean one is measured in the whole recording.
    assert segments["speech_mix"][-1] == pytest.approx(1.0)
    np.testing.assert_allclose(segments["speech_mix"] * (start + 1000) / 90000, segments["speech_ref1"], 1e-4)


@pytest.mark.parametrize("scope", ["recording", "segment"])
def test_short_and_silent_recordings(scope):
    segments = preprocessor(Halving(), scope=scope)("uid", {"speech_ref1": ramp(300)})
    assert segments["speech_mix"].shape == segments["speech_ref1"].shape == (1000,)
    assert not segments["speech_mix"][300:].any()
    silent = preprocessor(Halving(), scope=scope)("uid", {"speech_ref1": np.zeros(5000, np.float32)})
    assert not any(segment.any() for segment in silent.values())


def test_mistakes_are_named():
    with pytest.raises(UserError, match="uid has no clean recording"):
        preprocessor(Halving())("uid", {"speech_mix": ramp(10)})
    with pytest.raises(UserError, match="degradation_scope is all; choose recording or segment"):
        preprocessor(Halving(), scope="all")
    degrader = Halving()
    degrader.rate_hz = 48000
    with pytest.raises(UserError, match="for 48000 Hz, the training for 16000 Hz"):
        preprocessor(degrader)


class Utterances:
    """What ESPnet's data set is to its iterators: uid -> (uid, preprocessed data)."""

    def __init__(self, preprocess):
        self.preprocess = preprocess

    def __getitem__(self, uid):
        random = np.random.default_rng(int(uid[3:]))
        return uid, self.preprocess(uid, {"speech_ref1": random.standard_normal(6000).astype(np.float32)})


@pytest.fixture
def corpus(tmp_path):
    random = np.random.default_rng(0)
    for kind, samples in (("noise", 9000), ("rirs", 800)):
        write_audio(tmp_path / f"{kind}.flac", 0.2 * random.standard_normal(samples), RATE_HZ)
        (tmp_path / f"{kind}.scp").write_text(f"{kind} {RATE_HZ} {kind}.flac\n")
    (tmp_path / "speech.scp").write_text(f"noise {RATE_HZ} noise.flac\n")
    return tmp_path


def test_workers_order_and_batches_change_nothing(corpus, repository):
    pytest.importorskip("resampy")
    from espnet2.iterators.sequence_iter_factory import SequenceIterFactory

    from espnet_plugin.espnet_modules.epoch_iterator import EpochIterFactory
    from espnet_plugin.simulation.degrader import Degrader

    degradation = repository / "conf" / "simulate" / "restoration.yaml"
    uids = [f"utt{number}" for number in range(8)]

    def epoch(number, workers, batch_size, order):
        dataset = Utterances(preprocessor(Degrader(degradation, corpus, seed=4), seed=4))
        batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
        factory = SequenceIterFactory(dataset, batches, num_workers=workers, collate_fn=list)
        items = [item for batch in EpochIterFactory(factory).build_iter(number) for item in batch]
        return {uid: {name: wave.tobytes() for name, wave in data.items()} for uid, data in items}

    first = epoch(1, workers=0, batch_size=2, order=uids)
    assert epoch(1, workers=2, batch_size=3, order=uids[::-1]) == first
    second = epoch(2, workers=1, batch_size=4, order=uids)
    assert all(second[uid] != first[uid] for uid in uids)


def test_iterators_that_cut_segments_themselves_are_refused():
    from espnet2.tasks.abs_task import AbsIterFactory

    from espnet_plugin.espnet_modules.epoch_iterator import EpochIterFactory

    class Chunks(AbsIterFactory):
        def build_iter(self, epoch, shuffle=None):
            return []

    with pytest.raises(UserError, match="iterator_type: sequence"):
        EpochIterFactory(Chunks())
