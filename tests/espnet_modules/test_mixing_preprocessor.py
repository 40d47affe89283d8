"""Mixing while training reads: segments of one duration at every rate, the same for any number of workers."""

import shutil

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet


class Marking:
    """A mixer that returns what it was given, the degraded half as loud, and notes the calls."""

    def __init__(self):
        self.calls = []

    def mixture(self, speech, rate_hz, *names):
        self.calls.append((len(speech), rate_hz, names))
        yield from ()
        return 0.5 * speech, speech


def preprocessor(mixer=None, segment_samples=1600, rate_hz=16000, train=True, **options):
    from espnet_plugin.espnet_modules.mixing_preprocessor import MixingPreprocessor

    return MixingPreprocessor(train, segment_samples, rate_hz, mixer, **options)


def ramp(samples):
    return np.arange(1, samples + 1, dtype=np.float32) / samples


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_segments_of_one_duration(rate_hz):
    mixer = Marking()
    segments = preprocessor(mixer, own_rate=True)("uid", {"speech_ref1": ramp(3 * rate_hz), "fs": [rate_hz]})
    samples = -(-rate_hz // 10)
    assert segments["utt2fs"].tolist() == [rate_hz]
    assert segments["speech_mix"].shape == segments["speech_ref1"].shape == (samples,)
    np.testing.assert_allclose(segments["speech_mix"], 0.5 * segments["speech_ref1"])
    ((heard, mixed_hz, names),) = mixer.calls
    assert mixed_hz == rate_hz and names == ("uid", "epoch 1") and samples <= heard <= samples + rate_hz
    brought = preprocessor(mixer)("uid", {"speech_ref1": ramp(3 * rate_hz), "fs": [rate_hz]})
    assert brought["speech_mix"].shape == (1600,) and "utt2fs" not in brought
    assert mixer.calls[0] == mixer.calls[1] and np.abs(brought["speech_ref1"]).max() == pytest.approx(1)


def test_pairs_that_are_there_are_cut_at_one_place():
    pair = {"speech_mix": 0.5 * ramp(90000), "speech_ref1": ramp(90000), "fs": np.array([48000])}
    segments = preprocessor(own_rate=True, train=False)("uid", dict(pair))
    np.testing.assert_allclose(segments["speech_mix"], 0.5 * segments["speech_ref1"])
    assert segments["speech_ref1"].shape == (4800,)


def test_the_first_of_several_channels_is_mixed():
    wave = np.stack([ramp(9000), np.zeros(9000, np.float32)], axis=1)
    segments = preprocessor(Marking(), own_rate=True)("uid", {"speech_ref1": wave})
    alone = preprocessor(Marking(), own_rate=True)("uid", {"speech_ref1": wave[:, 0]})
    np.testing.assert_array_equal(segments["speech_ref1"], alone["speech_ref1"])


def test_short_recordings_are_filled_up():
    segments = preprocessor(Marking(), own_rate=True)("uid", {"speech_ref1": ramp(300), "fs": [8000]})
    assert segments["speech_mix"].shape == (800,) and not segments["speech_mix"][300:].any()


def test_mistakes_are_named():
    with pytest.raises(UserError, match="uid has no clean recording"):
        preprocessor(Marking())("uid", {"speech_mix": ramp(10)})
    with pytest.raises(UserError, match="equal lengths above 0"):
        preprocessor()("uid", {"speech_mix": ramp(10), "speech_ref1": ramp(11)})


class Utterances:
    """What ESPnet's data set is to its iterators: uid -> (uid, preprocessed data)."""

    def __init__(self, preprocess, rates):
        self.preprocess = preprocess
        self.rates = rates

    def __getitem__(self, uid):
        random = np.random.default_rng(int(uid[3:]))
        wave = 0.1 * random.standard_normal(self.rates[uid]).astype(np.float32)
        return uid, self.preprocess(uid, {"speech_ref1": wave, "fs": np.array([self.rates[uid]])})


@pytest.fixture
def corpus(tmp_path):
    random = np.random.default_rng(0)
    for kind, rate_hz in (("noise", 8000), ("noise", 48000), ("wind_noise", 48000), ("rirs", 48000)):
        path = tmp_path / f"{kind}{rate_hz}.flac"
        write_audio(path, 0.2 * random.standard_normal(rate_hz // 5), rate_hz)
        with (tmp_path / f"{kind}.scp").open("a") as lines:
            lines.write(f"{kind}{rate_hz} {rate_hz} {path.name}\n")
    (tmp_path / "speech.scp").write_text("noise 48000 noise48000.flac\n")
    return tmp_path


@pytest.fixture
def config(tmp_path, repository):
    """The challenge's simulation without what needs the program ffmpeg."""
    base = repository / "conf" / "simulate" / "urgent26_train.yaml"
    text = f"base: {base}\nprob_wind_noise: 0.0\nnum_augmentations: {{0: 0.5, 1: 0.0, 2: 0.0, 3: 0.0}}\n"
    path = tmp_path / "conf.yaml"
    path.write_text(text.replace("0: 0.5", "0: 1.0"))
    return path


def test_workers_change_nothing_and_every_batch_has_one_rate(corpus, config):
    from espnet2.iterators.sequence_iter_factory import SequenceIterFactory

    from espnet_plugin.espnet_modules.epoch_iterator import EpochIterFactory
    from espnet_plugin.espnet_modules.rate_batches import RateBatches
    from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer

    rates = {f"utt{number}": (8000, 48000)[number % 2] for number in range(8)}

    def epoch(number, workers):
        preprocess = preprocessor(FreshMixer(config, corpus, seed=4), own_rate=True, seed=4)
        data = Utterances(preprocess, rates)
        options = {"seed": 4, "shuffle": True, "num_workers": workers, "collate_fn": list}
        inner = SequenceIterFactory(data, [tuple(rates)], **options)
        factory = EpochIterFactory(inner, batches=RateBatches(list(rates), rates, 2))
        return list(factory.build_iter(number))

    first, again = epoch(1, 0), epoch(1, 2)
    assert [[uid for uid, _ in batch] for batch in first] == [[uid for uid, _ in batch] for batch in again]
    for batch, same in zip(first, again, strict=True):
        assert len({int(data["utt2fs"][0]) for _, data in batch}) == 1
        for (_, data), (_, other) in zip(batch, same, strict=True):
            np.testing.assert_array_equal(data["speech_mix"], other["speech_mix"])
    noisy = {uid: data["speech_mix"] for batch in first for uid, data in batch}
    later = {uid: data["speech_mix"] for batch in epoch(2, 0) for uid, data in batch}
    assert all(not np.array_equal(noisy[uid], later[uid]) for uid in rates)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
def test_a_batch_at_once_is_the_same(corpus, repository, monkeypatch):
    pytest.importorskip("resampy")
    from espnet_plugin.simulation.challenge import ffmpeg
    from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer

    starts = []
    real = ffmpeg._run
    monkeypatch.setattr(ffmpeg, "_run", lambda jobs, *others: starts.append(len(jobs)) or real(jobs, *others))
    rates = {f"utt{number}": 8000 for number in range(8)}
    mixer = FreshMixer(repository / "conf" / "simulate" / "urgent26_train.yaml", corpus)
    dataset = Utterances(preprocessor(mixer, own_rate=True), rates)
    one_by_one = [dataset[uid] for uid in rates]
    jobs = len(starts)
    del starts[:]
    together = dataset.preprocess.fetch(dataset, list(rates))
    for (uid, alone), (same, other) in zip(one_by_one, together, strict=True):
        assert uid == same
        np.testing.assert_array_equal(alone["speech_mix"], other["speech_mix"])
    assert len(starts) < jobs == sum(starts)


@pytest.mark.parametrize("workers", [0, 2])
def test_small_batches_are_mixed_several_at_once(workers):
    from torch.utils.data import DataLoader

    from espnet_plugin.espnet_modules.mixing_preprocessor import SharedMixing

    class Noting:
        def fetch(self, dataset, uids):
            return [(uid, len(uids)) for uid in uids]

    class Data:
        preprocess = Noting()

    batches = [[f"{first}", f"{first + 1}"] for first in range(0, 18, 2)]
    loader = DataLoader(Data(), batch_sampler=batches, collate_fn=tuple, num_workers=workers)
    mixed = SharedMixing(loader, items=8)
    expected = [tuple((uid, 8 if int(uid) < 16 else 2) for uid in batch) for batch in batches]
    assert list(mixed) == expected and len(mixed) == len(batches)
    assert list(SharedMixing(loader, items=1))[0] == (("0", 2), ("1", 2))
