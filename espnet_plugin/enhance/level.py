"""The level of a result: as the network gives it, or that of the recording."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from espnet_plugin.audio.source import BLOCK
from espnet_plugin.errors import UserError

LEVELS = ("keep", "match", "peak")
#: As in the original GAP-URGENet: silence is not made loud.
FLOOR = 1e-8


class Loudness:
    """Peak and power of a recording, channel by channel, from its blocks.

    Args:
        channels: number of channels.
    """

    def __init__(self, channels: int):
        self.peak = np.zeros(channels)
        self._energy = np.zeros(channels)
        self._samples = 0

    def add(self, block: np.ndarray) -> None:
        """Take the next block (samples, channels) into account.

        Raises:
            UserError: a sample is NaN or infinite.
        """
        if not len(block):
            return
        highest, lowest = block.max(axis=0), block.min(axis=0)
        if not (np.isfinite(highest).all() and np.isfinite(lowest).all()):
            bad = int(np.argmax(~np.isfinite(block).all(axis=1))) + self._samples
            raise UserError(
                f"the recording holds NaN or infinite samples (the first is number {bad}); repair it before "
                "enhancement"
            )
        self.peak = np.maximum(self.peak, np.maximum(highest, -lowest))
        # A scalar product needs no copy of the block.
        self._energy += np.einsum("nc,nc->c", block, block, dtype=np.float64)
        self._samples += len(block)

    @property
    def rms(self) -> np.ndarray:
        """Root of the mean power of each channel."""
        return np.sqrt(self._energy / max(self._samples, 1))

    @property
    def mean_rms(self) -> float:
        """Root of the mean power over all channels."""
        return float(np.sqrt(np.mean(self.rms**2)))


class Scratch(ABC):
    """Keeps blocks until the last one has come."""

    @abstractmethod
    def append(self, block: np.ndarray) -> None:
        """Keep one more block (samples, channels)."""

    @abstractmethod
    def blocks(self) -> Iterator[np.ndarray]:
        """All that was kept, in blocks of another size."""


class ArrayScratch(Scratch):
    """Keeps blocks in an array, which may be overwritten with what becomes of them.

    Args:
        array: (samples, channels).
    """

    def __init__(self, array: np.ndarray):
        self.array = array
        self._filled = 0

    def append(self, block: np.ndarray) -> None:
        self.array[self._filled : self._filled + len(block)] = block
        self._filled += len(block)

    def blocks(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self.array), BLOCK):
            yield self.array[start : start + BLOCK]


class FileScratch(Scratch):
    """Keeps blocks in a nameless file, of which nothing can be left behind.

    Args:
        folder: on the disk to use.
        channels: number of channels.
    """

    def __init__(self, folder: Path, channels: int):
        self._file = tempfile.TemporaryFile(dir=folder)
        self._frame_bytes = 4 * channels
        self._channels = channels

    def append(self, block: np.ndarray) -> None:
        self._file.write(np.ascontiguousarray(block, np.float32))

    def blocks(self) -> Iterator[np.ndarray]:
        self._file.seek(0)
        while content := self._file.read(BLOCK * self._frame_bytes):
            yield np.frombuffer(content, np.float32).reshape(-1, self._channels)
        self._file.close()


def bring_to_level(
    blocks: Iterable[np.ndarray], level: str, before: Loudness, scratch: Scratch
) -> Iterator[np.ndarray]:
    """Give the result, channel by channel, the level of the recording.

    Args:
        blocks: of the result, (samples, channels).
        level: "match" for the mean power, "peak" for the largest magnitude.
        before: loudness of the recording.
        scratch: keeps the result, as the gain is known at its end only.

    Yields:
        The result in other blocks.
    """
    after = Loudness(len(before.peak))
    for block in blocks:
        after.add(block)
        scratch.append(block)
    wanted, found = (before.rms, after.rms) if level == "match" else (before.peak, after.peak)
    gain = (wanted / (found + FLOOR)).astype(np.float32)
    for block in scratch.blocks():
        yield block * gain
