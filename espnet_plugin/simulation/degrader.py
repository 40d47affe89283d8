"""Degradation of speech while a training reads it: nothing is rendered to disk, every epoch hears others."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from espnet_plugin.simulation.augmentation import Augmentation
from espnet_plugin.simulation.degradation import draw_degradation
from espnet_plugin.simulation.draw import usable_sources
from espnet_plugin.simulation.mixture import degrade
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.resampling import check_resampy
from espnet_plugin.simulation.settings import load_settings
from espnet_plugin.simulation.sources import Source, read_corpus

ROOMS_IN_MEMORY = 256  # each about 60 kB; the noises are too long to be kept


class Degrader:
    """Draws and applies degradations; the same seed and names always give the same result.

    Nothing else counts: neither the order of the calls, nor the process, nor the number of processes.

    Args:
        config: YAML file, see conf/simulate/restoration.yaml. Its `seed` and `repetitions` are not used.
        corpus_dir: folder of one split of a corpus, of which the noises and rooms are used.
        seed: of the draws.

    Attributes:
        rate_hz: of the speech.

    Raises:
        UserError: mistakes in the configuration or the corpus, or a package is missing.
    """

    def __init__(self, config: str | Path, corpus_dir: str | Path, seed: int = 0):
        settings, _ = load_settings(config)
        check_resampy(settings.bandwidth.methods if settings.bandwidth.probability > 0 else ())
        self._settings = replace(settings, seed=seed)
        corpus = read_corpus(corpus_dir)
        self._noise_uids, self._response_uids = usable_sources(settings, corpus)
        self._noises, self._responses = corpus.noises, corpus.responses
        self.rate_hz = settings.rate_hz
        self._warm_up()

    def __call__(self, speech: np.ndarray, *names: object) -> np.ndarray:
        """Degrade one recording.

        Args:
            speech: dry speech (samples,) at `rate_hz`, float32 or float64.
            names: what the draw depends on besides the seed, such as utterance id and epoch.

        Returns:
            degraded speech (samples,) in the type of `speech`; not normalised.

        Raises:
            UserError: a noise or a room cannot be read.
        """
        drawn = draw_degradation(self._settings, self._noise_uids, self._response_uids, *names)
        response, noise, position = None, None, 0.0
        if drawn.response_uid is not None:
            response = _response(self._responses[drawn.response_uid], self.rate_hz)
        if drawn.noise_uid is not None:
            source = self._noises[drawn.noise_uid]
            position = random_stream(self._settings.seed, *names, "position").random()
            noise = source.read_stretch(self.rate_hz, len(speech), position)
        return degrade(
            speech, self.rate_hz, response, noise, drawn.snr_db or 0.0, position, drawn.augmentations
        )

    def _warm_up(self) -> None:
        """Import and compile what is needed, once, before processes that load data are forked off."""
        bandwidth = self._settings.bandwidth
        methods: Sequence[str] = bandwidth.methods if bandwidth.probability > 0 else ()
        rates_hz = [rate_hz for rate_hz in bandwidth.rates_hz if rate_hz < self.rate_hz]
        for method in methods:
            if rates_hz:
                detour = Augmentation("bandwidth_limitation", {"method": method, "rate_hz": rates_hz[0]})
                detour.apply(np.zeros(1000, np.float32), self.rate_hz)


@functools.lru_cache(maxsize=ROOMS_IN_MEMORY)
def _response(source: Source, rate_hz: int) -> np.ndarray:
    return source.read(rate_hz)
