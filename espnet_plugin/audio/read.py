"""Audio files into arrays, through libsndfile (WAV, FLAC, OGG, MP3, AIFF and more)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from espnet_plugin.errors import UserError


def read_audio(path: str | Path, start: int = 0, samples: int = -1) -> tuple[np.ndarray, int]:
    """Read an audio file, or a stretch of it.

    Args:
        path: the file; its format is found from its content.
        start: first sample to read.
        samples: how many to read at most; -1: all from `start`.

    Returns:
        wave, float32 of shape (samples, channels), integer formats scaled to [-1, 1); rate_hz.

    Raises:
        UserError: the file is missing or libsndfile cannot read it.
    """
    with open_audio(path) as file:
        try:
            if start:
                file.seek(start)
            wave = file.read(samples, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise UserError(f"{path} is damaged: {reason(error)}; get the file again") from error
        return wave, file.samplerate


def audio_info(path: str | Path) -> tuple[int, int, int]:
    """Size of an audio file from its header, without decoding it.

    Returns:
        samples (per channel), channels, rate_hz.

    Raises:
        UserError: the file is missing or libsndfile cannot read it.
    """
    with open_audio(path) as file:
        return file.frames, file.channels, file.samplerate


def open_audio(path: str | Path) -> soundfile.SoundFile:
    """Open an audio file with libsndfile.

    Raises:
        UserError: the file is missing or libsndfile cannot read it.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} does not exist or is no file; check the name")
    try:
        path.open("rb").close()  # says why, if it may not be read
        return soundfile.SoundFile(os.fsencode(path))  # names that are no UTF-8, too
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except soundfile.SoundFileError as error:
        raise UserError(
            f"{path} is no audio file that libsndfile can read ({reason(error)}); convert it to WAV or FLAC"
        ) from error
    except TypeError as error:  # what soundfile raises for headerless formats (.raw)
        raise UserError(f"{path} has no header that tells its rate; convert it to WAV or FLAC") from error


def reason(error: Exception) -> str:
    """What libsndfile says, in one line."""
    text = getattr(error, "error_string", None) or str(error)
    return " ".join(text.split()).rstrip(".")
