"""Recordings to be read stretch by stretch, from memory or from files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from espnet_plugin.audio.decode import decode, ffmpeg_program
from espnet_plugin.audio.read import open_in_order, reason
from espnet_plugin.errors import UserError

#: Samples that are looked at together.
BLOCK = 1 << 18
LOWEST_HZ, HIGHEST_HZ = 1000, 768_000
#: More would need gigabytes for a window.
MOST_CHANNELS = 64


class Source(ABC):
    """A recording.

    Attributes:
        rate_hz: sampling rate.
        channels: number of channels.
        samples: per channel.
    """

    rate_hz: int
    channels: int
    samples: int

    @abstractmethod
    def read(self, start: int, count: int) -> np.ndarray:
        """Samples `start` to `start + count` or to the end: float32 (samples, channels).

        Fast if each stretch begins after the one before it began.
        """

    @abstractmethod
    def again(self) -> Source:
        """The same recording, to be read by another reader at another place."""

    def blocks(self) -> Iterator[np.ndarray]:
        """The whole recording in blocks."""
        for start in range(0, self.samples, BLOCK):
            yield self.read(start, BLOCK)


class ArraySource(Source):
    """A recording in memory.

    Args:
        wave: (samples, channels).
        rate_hz: its rate.
    """

    def __init__(self, wave: np.ndarray, rate_hz: int):
        self.wave = wave
        self.rate_hz = rate_hz
        self.samples, self.channels = wave.shape

    def read(self, start: int, count: int) -> np.ndarray:
        return self.wave[start : start + count].astype(np.float32, copy=False)

    def again(self) -> Source:
        return self


class FileSource(Source):
    """A file that libsndfile reads. It is read in order, as some codecs decode otherwise after a jump.

    Args:
        path: the file.
        name: what to call it in messages; default: its path.

    Attributes:
        subtype: format of the samples by libsndfile's name.

    Raises:
        UserError: missing, no audio, or with an impossible rate; and while it is read: shorter than its
            header tells, or damaged.
    """

    def __init__(self, path: str | Path, name: str | Path | None = None):
        self.path = Path(path)
        self.name = name or path
        self._file = open_in_order(self.path)
        self.rate_hz, self.channels = self._file.samplerate, self._file.channels
        self.samples, self.subtype = self._file.frames, self._file.subtype
        self._kept, self._first = np.zeros((0, self.channels), np.float32), 0
        if not LOWEST_HZ <= self.rate_hz <= HIGHEST_HZ:
            possible = f"{LOWEST_HZ} to {HIGHEST_HZ} Hz are possible"
            self._refuse(f"has a sampling rate of {self.rate_hz} Hz; {possible}, convert it")
        if self.channels > MOST_CHANNELS:
            possible = f"at most {MOST_CHANNELS} are possible, split the file"
            self._refuse(f"has {self.channels} channels; {possible}")

    def _refuse(self, why: str) -> None:
        self.close()
        raise UserError(f"{self.name} {why}")

    def read(self, start: int, count: int) -> np.ndarray:
        start = min(start, self.samples)
        count = min(count, self.samples - start)
        if start < self._first:
            self._file.close()
            self._file = open_in_order(self.path)
            self._kept, self._first = self._kept[:0], 0
        for skipped in range(self._first + len(self._kept), start, BLOCK):
            self._decode(min(BLOCK, start - skipped))
        self._kept, self._first = self._kept[start - self._first :], start
        if count > len(self._kept):
            self._kept = np.concatenate((self._kept, self._decode(count - len(self._kept))))
        return self._kept[:count]

    def _decode(self, count: int) -> np.ndarray:
        try:
            fresh = self._file.read(count, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise UserError(f"{self.name} is damaged: {reason(error)}; get the file again") from error
        if len(fresh) < count:
            raise UserError(
                f"{self.name} is cut off: it ends before the {self.samples} samples that its header tells; "
                "get the file again"
            )
        return fresh

    def again(self) -> Source:
        return FileSource(self.path, self.name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ChosenChannels(Source):
    """Some channels of a recording, or their mean.

    Args:
        source: the recording.
        channels: numbers from 1; None for the mean of all.

    Raises:
        UserError: a channel that the recording does not have.
    """

    def __init__(self, source: Source, channels: Sequence[int] | None):
        missing = [number for number in channels or () if not 1 <= number <= source.channels]
        if missing:
            raise UserError(f"there is no channel {missing[0]}: the recording has {source.channels}")
        self.source = source
        self.chosen = channels
        self.rate_hz, self.samples = source.rate_hz, source.samples
        self.channels = 1 if channels is None else len(channels)

    def read(self, start: int, count: int) -> np.ndarray:
        wave = self.source.read(start, count)
        if self.chosen is None:
            return wave.mean(axis=1, keepdims=True)
        return wave[:, [number - 1 for number in self.chosen]]

    def again(self) -> Source:
        return ChosenChannels(self.source.again(), self.chosen)


@contextmanager
def open_source(path: str | Path, scratch: Path, longest_s: float | None = None) -> Iterator[FileSource]:
    """Open any recording: what libsndfile does not read is decoded by the program ffmpeg, if there is one.

    Args:
        path: the file.
        scratch: name for a file with the decoded sound, which is there as long as the recording is open.
        longest_s: of what is allowed.

    Raises:
        UserError: neither can read it, or it is too long.
    """
    try:
        source = FileSource(path)
    except UserError as error:
        # What libsndfile refuses for its content is not for ffmpeg either.
        if not Path(path).is_file() or not isinstance(error.__cause__, (soundfile.SoundFileError, TypeError)):
            raise
        if ffmpeg_program() is None:
            raise UserError(f"{error}, or install the program ffmpeg") from error
        decode(path, scratch, None if longest_s is None else longest_s + 1)
        source = FileSource(scratch, path)
        source.subtype = "PCM_16"  # nobody hears more of a lossy codec
    try:
        if longest_s is not None and source.samples > longest_s * source.rate_hz:
            limit = f"{longest_s / 60:g} minutes"
            raise UserError(f"{path} is longer than {limit}, which is the limit here; cut it into pieces")
        yield source
    finally:
        source.close()
        scratch.unlink(missing_ok=True)
