"""From recordings of any rate to segments of one duration, mixed as in the challenge while training reads."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from espnet_plugin.audio.resample import resample
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.degrading_preprocessor import REVERBERATION_S
from espnet_plugin.espnet_modules.preprocessor import RestorationPreprocessor, cut, normalised
from espnet_plugin.simulation.challenge.ffmpeg import Work, alone, quick_ffmpeg_program, together
from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer

#: Mixtures that share processes of ffmpeg: more save little, and take memory.
ITEMS_AT_ONCE = 16


class MixingPreprocessor(RestorationPreprocessor):
    """Cuts segments of one duration at each recording's own rate; mixes clean ones with noise if asked to.

    What an utterance gets depends on the seed, the epoch and the utterance id alone, as with
    ``DegradingPreprocessor`` in its scope "segment"; the last bits of codecs and wind also on the program
    ffmpeg, so that all machines of a training should have the same one. Levels are those of the mixture: one
    common gain for degraded and clean speech.

    Args:
        train: whether segments are random.
        segment_samples, rate_hz: duration of a segment, in samples at a rate; and the rate of the network.
        mixer: makes the degraded speech out of the clean; None: both are read.
        own_rate: True leaves segments at their own rate and tells it ESPnet's model (``utt2fs``), which needs
            batches of one rate each; False brings them to ``rate_hz`` and divides each by its peak, as
            ``RestorationPreprocessor`` does.
        seed, degraded, clean: as for ``RestorationPreprocessor``.
    """

    def __init__(
        self,
        train: bool,
        segment_samples: int,
        rate_hz: int = 16000,
        mixer: FreshMixer | None = None,
        own_rate: bool = False,
        seed: int = 0,
        degraded: str = "speech_mix",
        clean: str = "speech_ref1",
    ) -> None:
        super().__init__(train, segment_samples, rate_hz, seed, degraded, clean)
        self.mixer = mixer
        self.own_rate = own_rate
        self._waiting: list[Work[dict[str, np.ndarray]]] | None = None

    def __call__(self, uid: str, data: dict) -> dict[str, np.ndarray]:
        """The segments of one utterance.

        Args:
            uid: utterance id.
            data: waves (samples,) or (samples, channels), and their rate (``fs``) if it is not the network's.
                Of several channels a mixer takes the first; of pairs the mean is used. With a mixer, a
                degraded wave that is there as well is not used.

        Raises:
            UserError: a recording is empty, or a noise or a room cannot be read.
        """
        work = self._work(uid, data)
        if self._waiting is None:
            return alone(work, quick_ffmpeg_program)
        self._waiting.append(work)
        return {}

    def fetch(self, dataset: Mapping[str, tuple[str, dict]], uids: Sequence[str]) -> list[tuple[str, dict]]:
        """The items of one batch, whose mixtures share the processes of ffmpeg: to start them takes longest.

        Args:
            dataset: ESPnet's, which preprocesses its items by this object; without a cache.
            uids: of the batch.
        """
        self._waiting = []
        try:
            uids = [dataset[uid][0] for uid in uids]
            results = together(self._waiting, quick_ffmpeg_program)
        finally:
            self._waiting = None
        for result in results:
            if isinstance(result, Exception):
                raise result
        return list(zip(uids, results, strict=True))

    def _work(self, uid: str, data: dict) -> Work[dict[str, np.ndarray]]:
        rate_hz = self._rate_hz(data)
        names = [name for name in (self.degraded, self.clean) if data.get(name) is not None]
        if self.mixer is not None:
            if self.clean not in names:
                raise UserError(f"{uid} has no clean recording ({self.clean}) to mix; list it in spk1.scp")
            # Of several channels the challenge takes the first.
            wave = np.asarray(data[self.clean])
            names, data = [self.clean], {self.clean: wave.reshape(len(wave), -1)[:, :1]}
        waves = self._own_waves(uid, data, names)
        samples = math.ceil(self.segment_samples * rate_hz / self.rate_hz)
        start = self._start(uid, len(waves[names[0]]), samples)
        if self.mixer is not None:
            first = max(0, start - round(REVERBERATION_S * rate_hz))
            stretch = waves[self.clean][first : start + samples].astype(np.float32)
            noisy, clean = yield from self.mixer.mixture(stretch, rate_hz, uid, self.epoch_name)
            waves, start = {self.degraded: noisy, self.clean: clean}, start - first
        segments = {name: cut(wave, start, samples) for name, wave in waves.items()}
        if self.own_rate:
            return {**segments, "utt2fs": np.array([rate_hz])}
        brought = {name: resample(wave, rate_hz, self.rate_hz) for name, wave in segments.items()}
        peak = self._peak(uid)
        return {name: self._segment(peak * normalised(wave), 0) for name, wave in brought.items()}


class SharedMixing:
    """ESPnet's batches of one epoch, whose mixtures share processes of ffmpeg across batches as well.

    Batches of one GPU may hold few items. Workers of the data loader fetch several batches at once then.

    Args:
        loader: of ESPnet's iterator factory; its data set preprocesses items by a ``MixingPreprocessor``.
        items: fetched at once, if a batch has not more.
    """

    def __init__(self, loader: DataLoader, items: int = ITEMS_AT_ONCE) -> None:
        batches = list(loader.batch_sampler)
        size = max(1, items // max(map(len, batches), default=1))
        self._batches = len(batches)
        self._loader = DataLoader(
            _Groups(loader.dataset),
            batch_sampler=[batches[first : first + size] for first in range(0, len(batches), size)],
            collate_fn=partial(_each, loader.collate_fn),
            num_workers=loader.num_workers,
            pin_memory=loader.pin_memory,
            worker_init_fn=loader.worker_init_fn,
        )

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator:
        return chain.from_iterable(self._loader)


class _Groups:
    """A data set of which whole groups of batches are fetched.

    Args:
        dataset: ESPnet's.
    """

    def __init__(self, dataset: Mapping[str, tuple[str, dict]]) -> None:
        self.dataset = dataset

    def __getitems__(self, group: Sequence[Sequence[str]]) -> list[list[tuple[str, dict]]]:
        items = iter(self.dataset.preprocess.fetch(self.dataset, list(chain.from_iterable(group))))
        return [list(islice(items, len(batch))) for batch in group]


def _each(collate: Callable[[list], Any], group: Sequence[list]) -> list:
    return [collate(batch) for batch in group]
