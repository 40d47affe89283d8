"""Recordings in memory, and a running server."""

import io

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

from tests.serve.live import running


def recording(samples=8000, rate_hz=16000, channels=1, kind="WAV", subtype="PCM_16", level=0.3):
    """Content of a sound file with a tone in every channel."""
    time_s = np.arange(samples)[:, None] / rate_hz
    wave = (
        level + 0 * time_s
        if not np.isfinite(level)
        else level * np.sin(2 * np.pi * 440 * (1 + np.arange(channels)) * time_s)
    )
    stream = io.BytesIO()
    soundfile.write(stream, wave, rate_hz, subtype, format=kind)
    return stream.getvalue()


@pytest.fixture
def live(tmp_path):
    with running(tmp_path / "live") as server:
        yield server
