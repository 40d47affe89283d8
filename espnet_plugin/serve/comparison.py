"""A recording before and after, made to be heard and seen side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_plugin.audio.source import Source
from espnet_plugin.audio.write import AudioWriter
from espnet_plugin.enhance.level import Loudness
from espnet_plugin.report.spectrogram import SEGMENT_S, encode_image, picture_of_piece, scale_end_db

SOUND = "comparison.wav"
PICTURES = ("before.webp", "after.webp")


@dataclass(frozen=True)
class Comparison:
    """What the page has to know of it.

    Attributes:
        seconds, rate_hz: of both recordings.
        top_db: end of the colour scale of both spectrograms.
        rms: root of the mean power, before and after.
    """

    seconds: float
    rate_hz: int
    top_db: float
    rms: tuple[float, float]


def write_comparison(folder: Path, before: Source, after: Source) -> Comparison:
    """Write one sound file and two spectrograms.

    The sound file has the means of the channels: before on the left, after on the right. In this way a player
    of any recording, however long, has both at the same position all the time, and needs to load neither.

    Args:
        folder: gets `SOUND` and `PICTURES`.
        before, after: of the same rate and length, at least one sample.
    """
    pictures: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    loudness = Loudness(2)
    step = SEGMENT_S * before.rate_hz
    with AudioWriter(folder / SOUND, 2, before.rate_hz, "PCM_16", before.samples) as writer:
        for start in range(0, before.samples, step):
            both = np.stack([source.read(start, step).mean(axis=1) for source in (before, after)], axis=1)
            writer.write(both)
            loudness.add(both)
            for column, pieces in zip(both.T, pictures):
                pieces.append(picture_of_piece(column, before.rate_hz, before.samples))
    whole = [np.concatenate(pieces, axis=1) for pieces in pictures]
    top_db = scale_end_db(whole)
    for name, picture in zip(PICTURES, whole):
        (folder / name).write_bytes(encode_image(picture, top_db))
    before_rms, after_rms = map(float, loudness.rms)
    return Comparison(before.samples / before.rate_hz, before.rate_hz, top_db, (before_rms, after_rms))
