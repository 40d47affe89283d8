"""Arrays into audio files: checked, clipped and counted, and never half written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

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
BLOCK_FRAMES = 65536  # libsndfile's Vorbis encoder crashes when a long file comes in one piece


def write_audio(path: str | Path, wave: np.ndarray, rate_hz: int, subtype: str = "PCM_16") -> int:
    """Write a wave to an audio file, under a temporary name first.

    Integer formats store round(x * 2**(bits - 1)), so that reading a file and writing it again changes
    nothing (libsndfile's own conversion scales by one step less and is off by one on loud samples).

    Args:
        path: target; the suffix (wav, flac, ogg, mp3, aiff) chooses the format. Folders are made.
        wave: floating point, (samples,) or (samples, channels), full scale 1.
        rate_hz: sampling rate written to the header.
        subtype: sample format by libsndfile's name: PCM_16, PCM_24, PCM_32, FLOAT or DOUBLE where the
            container has it; OGG and MP3 ignore it.

    Returns:
        how many samples lay beyond full scale and were clipped (always 0 for FLOAT and DOUBLE).

    Raises:
        UserError: unknown suffix, a wave that is not finite or no wave at all, a format that cannot hold an
            empty wave, or a failing disk. A file
            that was there before is then still there, unchanged.
    """
    path = Path(path)
    container = FORMATS.get(path.suffix.lower())
    if container is None:
        raise UserError(f"{path}: cannot write '{path.suffix}' files; use one of {' '.join(FORMATS)}")
    subtype = LOSSY.get(container, subtype)
    if not soundfile.check_format(container, subtype):
        raise UserError(f"{path}: {container} cannot hold {subtype} samples; use another suffix or subtype")
    samples, clipped = _encodable(path, wave, subtype)
    if len(samples) == 0 and container in UNREADABLE_IF_EMPTY:
        raise UserError(f"{path}: {container} cannot hold a wave of no samples; use .wav")

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(
            temporary, "w", samplerate=rate_hz, channels=samples.shape[1], format=container, subtype=subtype
        ) as file:
            for start in range(0, len(samples), BLOCK_FRAMES):
                file.write(samples[start : start + BLOCK_FRAMES])
        os.replace(temporary, path)
    except (OSError, soundfile.SoundFileError) as error:
        raise UserError(f"{path} could not be written: {' '.join(str(error).split())}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return clipped


def _encodable(path: Path, wave: np.ndarray, subtype: str) -> tuple[np.ndarray, int]:
    """Samples in the form libsndfile takes without another conversion, and how many were clipped."""
    wave = np.asarray(wave)
    if not np.issubdtype(wave.dtype, np.floating):
        raise UserError(f"{path}: the wave must be floating point with full scale 1, not {wave.dtype}")
    if wave.ndim == 1:
        wave = wave[:, None]
    if wave.ndim != 2 or wave.shape[1] == 0:
        raise UserError(f"{path}: the wave must be (samples,) or (samples, channels), not {wave.shape}")
    if not np.isfinite(wave).all():
        raise UserError(f"{path}: the wave holds NaN or infinite samples; nothing was written")
    if subtype in ("FLOAT", "DOUBLE"):
        return wave.astype(np.float64 if subtype == "DOUBLE" else np.float32), 0

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
