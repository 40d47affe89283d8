"""Listens to every file once, so that a bad one is found before hours of training."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from espnet_plugin.audio.read import read_audio
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.recordings import Recording


@dataclass(frozen=True)
class Shape:
    """Size of a recording: samples per channel, channels, sampling rate in Hz."""

    samples: int
    channels: int
    rate_hz: int


@dataclass(frozen=True)
class Problem:
    """A recording that cannot be used: its id, the file and the reason."""

    id: str
    path: Path
    reason: str


def check_recordings(
    recordings: Sequence[Recording], threads: int = 1, progress: str = ""
) -> tuple[dict[str, Shape], list[Problem]]:
    """Read all files and see whether they can be used.

    Args:
        recordings: what to read.
        threads: files read at the same time.
        progress: title of the progress bar; empty for none.

    Returns:
        id -> shape of those in order, and the problems of the others, both in the given order.
    """
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        results = list(
            tqdm(
                pool.map(_check, recordings),
                total=len(recordings),
                desc=progress,
                unit="file",
                disable=not progress,
                leave=False,
            )
        )
    pairs = zip(recordings, results, strict=True)
    shapes = {item.id: found for item, found in pairs if isinstance(found, Shape)}
    return shapes, [found for found in results if isinstance(found, Problem)]


def _check(recording: Recording) -> Shape | Problem:
    try:
        shape = _listen(recording.noisy)
    except UserError as error:
        return Problem(recording.id, recording.noisy, str(error))
    if recording.clean is None:
        return shape
    try:
        reference = _listen(recording.clean)
    except UserError as error:
        return Problem(recording.id, recording.clean, str(error))
    for name in ("rate_hz", "samples", "channels"):
        noisy, clean = getattr(shape, name), getattr(reference, name)
        if noisy != clean:
            reason = f"{recording.noisy} and {recording.clean} differ in {name} ({noisy} and {clean})"
            return Problem(recording.id, recording.noisy, reason)
    return shape


def _listen(path: Path) -> Shape:
    wave, rate_hz = read_audio(path)
    samples, channels = wave.shape
    if samples == 0:
        raise UserError(f"{path} is empty")
    if not np.isfinite(wave).all():
        raise UserError(f"{path} holds values that are not finite")
    if not wave.any():
        raise UserError(f"{path} is silent")
    return Shape(samples, channels, rate_hz)
