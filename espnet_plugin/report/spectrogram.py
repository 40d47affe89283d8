"""Spectrograms of recordings of any length as small images for web pages."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np

from espnet_plugin.errors import missing_module
from espnet_plugin.scoring.picture import RANGE_DB, spectrogram_db

IMAGE_COLUMNS, IMAGE_ROWS = 720, 240
SEGMENT_S = 20  # long recordings are transformed piece by piece


def picture_of_piece(piece: np.ndarray, rate_hz: int, samples: int) -> np.ndarray:
    """A piece of a recording, (rows, columns) in dB, low frequencies first; no larger than in the image.

    Args:
        piece: at most `SEGMENT_S` of the recording, (samples,).
        rate_hz: its sampling rate.
        samples: of the whole recording.
    """
    from PIL import Image

    picture = spectrogram_db(piece, rate_hz)
    height, width = picture.shape
    columns = max(1, round(IMAGE_COLUMNS * len(piece) / samples))
    image = Image.fromarray(picture.astype(np.float32))
    return np.asarray(image.resize((min(columns, width), min(IMAGE_ROWS, height)), Image.Resampling.BOX))


def scale_end_db(pictures: Iterable[np.ndarray]) -> float:
    """Where a shared colour scale ends: at the loudest parts, so that quiet recordings use all of it too."""
    return float(np.ceil(max((np.percentile(picture, 99.8) for picture in pictures), default=0.0)))


def encode_image(picture: np.ndarray, top_db: float, share: float = 1.0) -> bytes:
    """A WebP image, high frequencies on top.

    Args:
        picture: (rows, columns) in dB, low frequencies first.
        top_db: end of the colour scale.
        share: of the frequency axis that the picture fills; the rest above it is the bottom colour.
    """
    try:
        from matplotlib import colormaps
        from PIL import Image
    except ModuleNotFoundError as error:
        raise missing_module(error.name or "matplotlib", "spectrograms") from error

    level = np.clip((picture - top_db) / RANGE_DB + 1, 0, 1)
    blank = round(len(level) * (1 / share - 1))
    level = np.pad(level, ((0, blank), (0, 0)))[::-1]
    colours = np.rint(colormaps["magma"](level)[..., :3] * 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, "WEBP", quality=62, method=4)
    return stream.getvalue()
