"""Spectrograms of one recording, side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

WINDOW_S = 0.032
HOP_S = 0.008
RANGE_DB = 80.0


def spectrogram_db(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    """Power spectrogram in dB, (F, T): 32 ms Hann windows every 8 ms, a full-scale sine at 0 dB.

    Args:
        wave: (samples,).
        rate_hz: its sampling rate.
    """
    window, hop = int(rate_hz * WINDOW_S), int(rate_hz * HOP_S)
    hann = np.hanning(window + 1)[:-1]
    padded = np.pad(np.asarray(wave, dtype=np.float64), window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    magnitude = np.abs(np.fft.rfft(frames * hann, axis=1)) / (hann.sum() / 2)
    return 20 * np.log10(magnitude + 1e-10).T


def draw_spectrograms(
    path: str | Path,
    waves: Mapping[str, np.ndarray],
    rate_hz: int,
    title: str,
    captions: Mapping[str, str] | None = None,
    mark: str = "",
) -> None:
    """Draw spectrograms with one colour scale into a PNG, under a temporary name first.

    Args:
        path: the PNG.
        waves: panel name ("noisy", "enhanced", "clean") -> wave of shape (samples,).
        rate_hz: sampling rate of all waves.
        title: above the panels.
        captions: panel name -> words behind the name, such as its scores.
        mark: stored in the picture as its description, see `read_mark`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    pictures = {name: spectrogram_db(wave, rate_hz) for name, wave in waves.items()}
    # A quiet recording uses the whole scale too: it ends at the loudest bins of all panels.
    top_db = float(np.ceil(max(np.percentile(picture, 99.9) for picture in pictures.values())))

    figure = Figure(figsize=(4.4 * len(pictures) + 0.9, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(pictures), sharey=True, squeeze=False)[0]
    for panel, (name, picture) in zip(panels, pictures.items()):
        duration_s = len(waves[name]) / rate_hz
        image = panel.imshow(
            picture,
            origin="lower",
            aspect="auto",
            extent=(0, duration_s, 0, rate_hz / 2000),
            vmin=top_db - RANGE_DB,
            vmax=top_db,
            cmap="magma",
            interpolation="nearest",
        )
        panel.set_title(name, fontsize=12, fontweight="bold", loc="left")
        panel.set_title((captions or {}).get(name, ""), fontsize=8.5, color="0.35", loc="right")
        panel.set_xlabel("time [s]")
    panels[0].set_ylabel("frequency [kHz]")
    figure.colorbar(image, ax=list(panels), label="level [dB re full scale]", pad=0.012, aspect=30)
    figure.suptitle(title, fontsize=11)

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, format="png", dpi=130, metadata={"Description": mark, "Software": None})
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_mark(path: str | Path) -> str | None:
    """The `mark` a picture was drawn with; None if there is no such picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.info.get("Description")
    except (OSError, UnidentifiedImageError):
        return None
