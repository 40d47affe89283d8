"""Is a file that a former run wrote good to keep?"""

from pathlib import Path

import soundfile


def whole_audio(path: str | Path) -> tuple[int, int, int] | None:
    """Size of an audio file, if its last sample can be read.

    The header alone would not do: it promises the full length in a file that was cut off, too.

    Args:
        path: the file; it need not exist.

    Returns:
        samples, channels and rate_hz, or None for a file that is missing, empty or not whole.
    """
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames == 0:
                return None
            file.seek(file.frames - 1)
            if len(file.read(1)) != 1:
                return None
            return file.frames, file.channels, file.samplerate
    except (OSError, soundfile.SoundFileError):
        return None
