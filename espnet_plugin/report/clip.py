"""One utterance ready for the page: every track as a compressed recording and as a spectrogram image."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.report.spectrogram import SEGMENT_S, encode_image, picture_of_piece, scale_end_db

FORMATS = ("flac", "ogg")


@dataclass(frozen=True)
class Recording:
    """A track of a clip: the compressed file, a WebP image, rate and number of samples."""

    audio: bytes
    image: bytes
    rate_hz: int
    samples: int

    @property
    def seconds(self) -> float:
        return self.samples / self.rate_hz


@dataclass(frozen=True)
class Clip:
    """The recordings of one utterance.

    Attributes:
        recordings: track -> recording; tracks of no samples are left out.
        top_db: upper end of the colour scale that all images share, in dB re full scale.
        top_hz: upper end of the frequency axis that all images share.
    """

    recordings: dict[str, Recording]
    top_db: float
    top_hz: float

    @property
    def size_bytes(self) -> int:
        """Of the audio and the images as base64."""
        return sum(4 * (len(one.audio) + len(one.image)) // 3 for one in self.recordings.values())


def make_clip(files: Mapping[str, Path], audio_format: str = "flac") -> Clip:
    """Read, compress and draw the versions of one utterance; the first channel of each.

    Args:
        files: track -> file.
        audio_format: "flac" (16 bit, exact) or "ogg" (Vorbis, about a fifth of the size).

    Raises:
        UserError: a file that cannot be read, or that holds NaN.
    """
    waves = {}
    for track, file in files.items():
        wave, rate_hz = read_audio(file)
        if len(wave):
            waves[track] = (wave[:, 0], rate_hz)
    pictures = {track: _spectrogram(*wave) for track, wave in waves.items()}
    top_hz = max((rate_hz / 2 for _, rate_hz in waves.values()), default=0.0)
    top_db = scale_end_db(pictures.values())
    recordings = {
        track: Recording(
            _encode(wave, rate_hz, audio_format),
            encode_image(pictures[track], top_db, rate_hz / 2 / top_hz),
            rate_hz,
            len(wave),
        )
        for track, (wave, rate_hz) in waves.items()
    }
    return Clip(recordings, top_db, top_hz)


def _encode(wave: np.ndarray, rate_hz: int, audio_format: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{audio_format}"
        write_audio(path, wave, rate_hz)
        return path.read_bytes()


def _spectrogram(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    pieces = (wave[start : start + SEGMENT_S * rate_hz] for start in range(0, len(wave), SEGMENT_S * rate_hz))
    return np.concatenate([picture_of_piece(piece, rate_hz, len(wave)) for piece in pieces], axis=1)
