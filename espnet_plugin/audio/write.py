"""Arrays into audio files: checked, clipped and counted, and never half written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import soundfile

from espnet_plugin.audio.repeatable import make_repeatable
from espnet_plugin.errors import UserError

FORMATS = {
    ".wav": "WAV",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".mp3": "MP3",
    ".aiff": "AIFF",
    ".aif": "AIFF",
}
LOSSY = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
# libsndfile writes files of these formats without samples, but cannot read them.
UNREADABLE_IF_EMPTY = ("FLAC", "MP3")
INTEGER_BITS = {"PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
SUBTYPES = (*INTEGER_BITS, "FLOAT", "DOUBLE")
# Formats of samples that are written again as they were read.
REPEATED_SUBTYPES = (*SUBTYPES, "PCM_S8", "PCM_U8", "ULAW", "ALAW")
BLOCK_FRAMES = 65536  # libsndfile's Vorbis encoder crashes when a long file comes in one piece
# More does not fit into the fields of a WAV file.
WAV_BYTES = 2**32 - 2**16


class AudioWriter:
    """An audio file that grows by blocks under a temporary name and gets its own when it is whole.

    A context manager: an error inside leaves nothing behind, and a file that was there before unchanged.

    Args:
        path: target; the suffix (wav, flac, ogg, mp3, aiff) chooses the format. Folders are made.
        channels: number of channels.
        rate_hz: sampling rate written to the header.
        subtype: sample format by libsndfile's name: PCM_16, PCM_24, PCM_32, FLOAT or DOUBLE where the
            container has it; OGG and MP3 ignore it.
        samples: how many will come, as far as known; WAV files beyond 4 GB are written as RF64.

    Attributes:
        clipped: how many samples lay beyond full scale and were clipped (always 0 for FLOAT and DOUBLE).

    Raises:
        UserError: unknown suffix, a format that cannot hold such samples, or a failing disk.
    """

    def __init__(
        self, path: str | Path, channels: int, rate_hz: int, subtype: str = "PCM_16", samples: int = 0
    ):
        self.path = Path(path)
        self.container = container(self.path)
        self.subtype = LOSSY.get(self.container, subtype)
        if not soundfile.check_format(self.container, self.subtype):
            raise UserError(
                f"{path}: {self.container} cannot hold {self.subtype} samples; use another suffix or subtype"
            )
        self.channels = channels
        self.rate_hz = rate_hz
        if self.container == "WAV" and samples * channels * _bytes(self.subtype) > WAV_BYTES:
            self.container = "RF64"
        self.clipped = 0
        self._written = 0
        self._temporary = temporary_name(self.path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = soundfile.SoundFile(
                os.fsencode(self._temporary),
                "w",
                samplerate=rate_hz,
                channels=channels,
                format=self.container,
                subtype=self.subtype,
            )
        except (OSError, soundfile.SoundFileError) as error:
            self._temporary.unlink(missing_ok=True)
            raise self._failure(error) from error

    def write(self, wave: np.ndarray) -> None:
        """Append a block.

        Integer formats store round(x * 2**(bits - 1)), so that reading a file and writing it again changes
        nothing (libsndfile's own conversion scales by one step less and is off by one on loud samples).

        Args:
            wave: floating point, (samples, channels), full scale 1.

        Raises:
            UserError: samples that are not finite, or a failing disk.
        """
        for start in range(0, len(wave), BLOCK_FRAMES):
            samples, clipped = _encodable(self.path, wave[start : start + BLOCK_FRAMES], self.subtype)
            try:
                self._file.write(samples)
            except (OSError, AssertionError, soundfile.SoundFileError) as error:
                raise self._failure(error) from error
            self.clipped += clipped
            self._written += len(samples)

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            try:
                self._file.close()
            except soundfile.SoundFileError:
                if kind is None:
                    raise
            if kind is None:
                self._finish()
        except (OSError, soundfile.SoundFileError) as failure:
            raise self._failure(failure) from failure
        finally:
            self._temporary.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._written == 0 and self.container in UNREADABLE_IF_EMPTY:
            raise UserError(f"{self.path}: {self.container} cannot hold a wave of no samples; use .wav")
        if self.container not in LOSSY:
            with soundfile.SoundFile(os.fsencode(self._temporary)) as file:
                # What was left for the end may have met a full disk, which libsndfile does not tell.
                if file.frames != self._written:
                    raise OSError("the disk took only a part of it")
        make_repeatable(self._temporary, self.container)
        os.replace(self._temporary, self.path)

    def _failure(self, error: Exception) -> UserError:
        why = " ".join(str(error).split()) or "the disk took only a part of it"
        return UserError(f"{self.path} could not be written: {why}")


def write_audio(path: str | Path, wave: np.ndarray, rate_hz: int, subtype: str = "PCM_16") -> int:
    """Write a whole wave; arguments as of `AudioWriter`.

    Args:
        wave: floating point, (samples,) or (samples, channels), full scale 1.

    Returns:
        how many samples were clipped.

    Raises:
        UserError: as `AudioWriter`, a wave that is not finite or no wave at all, or a format that cannot hold
            an empty wave. A file that was there before is then still there, unchanged.
    """
    wave = np.asarray(wave)
    container(Path(path))
    if not np.issubdtype(wave.dtype, np.floating):
        raise UserError(f"{path}: the wave must be floating point with full scale 1, not {wave.dtype}")
    if wave.ndim == 1:
        wave = wave[:, None]
    if wave.ndim != 2 or wave.shape[1] == 0:
        raise UserError(f"{path}: the wave must be (samples,) or (samples, channels), not {wave.shape}")
    with AudioWriter(path, wave.shape[1], rate_hz, subtype, len(wave)) as writer:
        writer.write(wave)
    return writer.clipped


def container(path: Path) -> str:
    """libsndfile's name of the format that the suffix of a target stands for.

    Raises:
        UserError: no format that can be written.
    """
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise UserError(f"{path}: cannot write '{path.suffix}' files; use one of {' '.join(FORMATS)}")
    return name


def possible_subtype(path: Path, wanted: str) -> str:
    """The format of samples for a file like another one.

    Args:
        path: target; its suffix chooses the container.
        wanted: format of the samples in the other file.

    Returns:
        that format where the container has it, else one that holds as much, at most 24 bit.
    """
    if wanted in REPEATED_SUBTYPES and soundfile.check_format(container(path), wanted):
        return wanted
    return "PCM_24" if wanted in ("PCM_32", "FLOAT", "DOUBLE") else "PCM_16"


def temporary_name(path: Path, kind: str = "") -> Path:
    """Where this process writes a file before it gets its name, however long that is."""
    return path.with_name(f".{_digest(path)}.{os.getpid()}{kind}.tmp")


def remove_leftovers(path: Path) -> None:
    """Remove what a killed process left of a file that was never finished."""
    for leftover in path.parent.glob(f".{_digest(path)}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]


def _bytes(subtype: str) -> int:
    return {"PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}.get(subtype, 2)


def _encodable(path: Path, wave: np.ndarray, subtype: str) -> tuple[np.ndarray, int]:
    """Samples in the form libsndfile takes without another conversion, and how many were clipped."""
    if not np.isfinite(wave).all():
        raise UserError(f"{path}: the wave holds NaN or infinite samples; nothing was written")
    if subtype in ("FLOAT", "DOUBLE"):
        return wave.astype(np.float64 if subtype == "DOUBLE" else np.float32, copy=False), 0

    clipped = int(np.count_nonzero(np.abs(wave) > 1.0))
    bits = INTEGER_BITS.get(subtype)
    if bits is None:
        return np.clip(wave, -1.0, 1.0), clipped
    top = 2 ** (bits - 1)
    whole = np.clip(np.rint(wave.astype(np.float64) * top), -top, top - 1)
    if bits == 16:
        return whole.astype(np.int16), clipped
    # libsndfile takes the upper bits of a 32-bit integer.
    return (whole.astype(np.int64) << (32 - bits)).astype(np.int32), clipped
