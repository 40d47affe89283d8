"""Recordings to analyse with: one channel, the network's rate, a bounded length."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.resample import resample
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.random_stream import random_stream

WHITE_NOISE_S = 10.0


def read_excerpt(path: Path, rate_hz: int, seconds: float) -> np.ndarray:
    """The middle of a recording, divided by its peak.

    Args:
        path: audio file; its channels are averaged.
        rate_hz: wanted rate.
        seconds: longest excerpt.

    Returns:
        wave (samples,) float32.

    Raises:
        UserError: the file cannot be read, is silent there, or is shorter than a tenth of a second.
    """
    wave, own_rate_hz = read_audio(path)
    wave = resample(wave.mean(axis=1), own_rate_hz, rate_hz)
    length = min(len(wave), round(seconds * rate_hz))
    start = (len(wave) - length) // 2
    wave = wave[start : start + length]
    if length < rate_hz // 10:
        raise UserError(f"{path} is shorter than 0.1 s; leave it out")
    peak = np.abs(wave).max()
    if not np.isfinite(peak) or peak == 0:
        raise UserError(f"{path} is silent or broken in its middle; leave it out")
    return (wave / peak).astype(np.float32)


def excerpts(
    recordings: Mapping[str, Path], rate_hz: int, seconds: float, limit: int | None = None, progress: str = ""
) -> Iterator[tuple[str, np.ndarray]]:
    """Read recordings one after the other, with a progress bar.

    Args:
        recordings: id -> file.
        rate_hz, seconds: see `read_excerpt`.
        limit: how many at most, spread over the list.
        progress: title of the bar.

    Yields:
        id and wave.
    """
    from tqdm import tqdm

    names = sorted(recordings)
    if limit is not None and limit < len(names):
        names = [names[number * len(names) // limit] for number in range(limit)]
    for name in tqdm(names, desc=progress, unit="file"):
        yield name, read_excerpt(recordings[name], rate_hz, seconds)


class Noises:
    """Noise for each recording, the same in every run.

    Args:
        files: id -> file; empty: white noise.
        rate_hz: wanted rate.
        seed: of the choice.
    """

    def __init__(self, files: Mapping[str, Path], rate_hz: int, seed: int = 0):
        self._files = [files[name] for name in sorted(files)]
        self._rate_hz = rate_hz
        self._seed = seed

    def __call__(self, recording: str) -> tuple[np.ndarray, float]:
        """The noise (samples,) of a recording and where to start in it, from 0 to below 1."""
        random = random_stream(self._seed, recording, "noise")
        if not self._files:
            return random.standard_normal(round(WHITE_NOISE_S * self._rate_hz)).astype(np.float32), 0.0
        return _one_of(self._files, random, self._rate_hz), random.random()


class Rooms:
    """A room impulse response for each recording, the same in every run.

    Args:
        files: id -> file; empty: no rooms.
        rate_hz: wanted rate.
        seed: of the choice.
    """

    def __init__(self, files: Mapping[str, Path], rate_hz: int, seed: int = 0):
        self._files = [files[name] for name in sorted(files)]
        self._rate_hz = rate_hz
        self._seed = seed

    def __call__(self, recording: str) -> np.ndarray | None:
        """The response (samples,) of a recording, or None."""
        if not self._files:
            return None
        return _one_of(self._files, random_stream(self._seed, recording, "room"), self._rate_hz)


def _one_of(files: Sequence[Path], random: np.random.Generator, rate_hz: int) -> np.ndarray:
    """The first channel of a file that is drawn."""
    wave, own_rate_hz = read_audio(files[random.integers(len(files))])
    return resample(wave[:, 0], own_rate_hz, rate_hz)
