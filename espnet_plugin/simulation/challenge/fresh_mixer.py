"""The challenge's simulation while a training reads: nothing is rendered, every epoch hears others."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.distortion import WIND, parse_distortions
from espnet_plugin.simulation.challenge.draw import Draws
from espnet_plugin.simulation.challenge.ffmpeg import Work, ffmpeg_program
from espnet_plugin.simulation.challenge.fixes import check_fixes
from espnet_plugin.simulation.challenge.mixture import mix
from espnet_plugin.simulation.challenge.noise import draw_start, stretch
from espnet_plugin.simulation.challenge.settings import ChallengeSettings, load_challenge_settings
from espnet_plugin.simulation.meta import NONE
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.resampling import RESAMPLING_METHODS, check_resampy
from espnet_plugin.simulation.sources import Source, read_corpus, read_sources

WIND_LIST = "wind_noise.scp"
ROOMS_IN_MEMORY = 256  # each about 200 kB; the noises are too long to be kept


class FreshPool:
    """Files by rate to draw from again and again: of the same rate, or else of one of the higher ones.

    Args:
        sources: id -> file.
    """

    def __init__(self, sources: Mapping[str, Source]):
        self._uids: dict[int, list[str]] = {}
        for uid in sorted(sources):  # the order of the list does not matter
            self._uids.setdefault(sources[uid].rate_hz, []).append(uid)

    def draw(self, random: np.random.RandomState, rate_hz: int) -> str | None:
        """The id of a file of the rate or of a higher one; None where there is none."""
        if rate_hz not in self._uids:
            higher_hz = [rate for rate in self._uids if rate > rate_hz]
            if not higher_hz:
                return None
            rate_hz = higher_hz[random.randint(len(higher_hz))]
        uids = self._uids[rate_hz]
        return uids[random.randint(len(uids))]


class FreshMixer:
    """Draws and makes mixtures; the same seed and names always give the same one.

    What is drawn follows the challenge's probabilities; the draws are not those of its tables. Without wind
    noises there is no wind, and without rooms no reverberation.

    Args:
        config: official YAML file, of which the lists are not used.
        corpus_dir: folder of one split of a corpus, of which the noises, winds and rooms are used.
        seed: of the draws.
        fixes: names of `fixes.FIXES`.

    Raises:
        UserError: mistakes in the configuration or the corpus, or a program or package is missing.
    """

    def __init__(
        self, config: str | Path, corpus_dir: str | Path, seed: int = 0, fixes: Collection[str] = ()
    ):
        settings, _ = load_challenge_settings(config)
        corpus = read_corpus(corpus_dir)
        self._noises, self._responses = corpus.noises, corpus.responses
        self._winds = read_sources(Path(corpus_dir) / WIND_LIST)
        if not self._noises:
            raise UserError(f"{corpus_dir} has no noise; run stage 1 (corpus) with some")
        self._fixes = check_fixes(fixes)
        self._settings = _without(settings, not self._winds, not self._responses, self._fixes)
        self._pools = [FreshPool(sources) for sources in (self._noises, self._winds, self._responses)]
        self._seed = seed
        # A YAML file may keep the distortions and never draw any.
        some = any(count and share for count, share in self._settings.step_counts.items())
        if some and "bandwidth_limitation" in self._settings.steps:
            check_resampy(RESAMPLING_METHODS)
        if (some and "codec" in self._settings.steps) or self._settings.wind_probability > 0:
            ffmpeg_program()

    def mixture(
        self, speech: np.ndarray, rate_hz: int, *names: object
    ) -> Work[tuple[np.ndarray, np.ndarray]]:
        """Make one mixture; a generator, see `ffmpeg.together` and `ffmpeg.alone`.

        Args:
            speech: clean speech (samples,), float32 or float64.
            rate_hz: its rate; the mixture has the same.
            names: what the draw depends on besides the seed, such as utterance id and epoch.

        Returns:
            degraded and clean speech, both (samples,) and at one common gain.

        Raises:
            UserError: no noise of this rate or a higher one, or a file that cannot be read.
        """
        stream = random_stream(self._seed, *names, "mixture")
        random = np.random.RandomState(stream.integers(2**32, size=8))
        draws = Draws(self._settings, random, *self._pools, fixes=self._fixes)
        noise_uid, snr_db, response_uid, augmentation = draws.one(rate_hz, len(speech))
        distortions = parse_distortions(augmentation)
        wind = any(distortion.name == WIND for distortion in distortions)
        noise = (self._winds if wind else self._noises)[noise_uid]
        response = None if response_uid == NONE else _response(self._responses[response_uid], rate_hz)
        mixture = yield from mix(
            speech,
            rate_hz,
            noise=_stretch(noise, rate_hz, len(speech), stream),
            snr_db=snr_db,
            response=response,
            distortions=distortions,
            fixes=self._fixes,
        )
        return mixture.noisy.astype(speech.dtype), mixture.clean.astype(speech.dtype)


def _without(
    settings: ChallengeSettings, winds: bool, rooms: bool, fixes: Collection[str]
) -> ChallengeSettings:
    """The settings without wind or rooms."""
    if winds:
        settings = replace(settings, wind_probability=0.0)
    if rooms:
        settings = replace(settings, reverberation=0.0 if "reverberation_share" in fixes else 1.0)
    return settings


def _stretch(noise: Source, rate_hz: int, samples: int, random: np.random.Generator) -> np.ndarray:
    """A random stretch of a noise, of which not more is read than is needed; a short noise is repeated."""
    wave = noise.read_stretch(rate_hz, samples, random.random())
    return stretch(wave, draw_start(len(wave), samples, random), samples)


@functools.lru_cache(maxsize=ROOMS_IN_MEMORY)
def _response(source: Source, rate_hz: int) -> np.ndarray:
    return source.read(rate_hz)
