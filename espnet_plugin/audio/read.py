"""Audio files into arrays, through libsndfile (WAV, FLAC, OGG, MP3, AIFF and more)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from espnet_plugin.errors import UserError

#: Formats whose decoders go on otherwise, or elsewhere, after a jump.
READ_IN_ORDER = ("MP3", "OGG")
#: Samples that are decoded together on the way to a place.
SKIPPED = 1 << 18


def read_audio(path: str | Path, start: int = 0, samples: int = -1) -> tuple[np.ndarray, int]:
    """Read an audio file, or a stretch of it.

    Args:
        path: the file; its format is found from its content.
        start: first sample to read; of MP3 and OGG all before it are decoded, too, so that a stretch is that
            of the whole file in every format.
        samples: how many to read at most; -1: all from `start`.

    Returns:
        wave, float32 of shape (samples, channels), integer formats scaled to [-1, 1); rate_hz.

    Raises:
        UserError: the file is missing or libsndfile cannot read it.
    """
    with open_in_order(path) as file:
        try:
            start = min(start, file.frames)
            samples = min(samples, file.frames - start) if samples >= 0 else file.frames - start
            if start and file.format not in READ_IN_ORDER:
                file.seek(start)
            else:
                for skipped in range(0, start, SKIPPED):
                    if not len(file.read(min(SKIPPED, start - skipped), dtype="float32")):
                        break  # shorter than its header tells
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


def open_in_order(path: str | Path) -> soundfile.SoundFile:
    """Open an audio file that is to be read in pieces, one after the other; raises as `open_audio`."""
    file = open_audio(path)
    if file.format == "MP3":
        # After every piece soundfile jumps to where it is already, and libmpg123 then lacks what the next
        # frame needs of those before. It spares files that cannot be jumped in.
        file._info.seekable = 0
    return file


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
