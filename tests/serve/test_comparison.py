"""Sound and pictures of before and after."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from espnet_plugin.audio.source import ArraySource
from espnet_plugin.report.spectrogram import IMAGE_COLUMNS, SEGMENT_S
from espnet_plugin.serve.comparison import SOUND, write_comparison


@given(
    samples=st.integers(1, 9000),
    channels=st.integers(1, 3),
    rate_hz=st.sampled_from([1000, 8000, 44100]),
    seed=st.integers(0, 9),
)
def test_left_is_before_and_right_is_after(tmp_path_factory, samples, channels, rate_hz, seed):
    folder = tmp_path_factory.mktemp("comparison")
    before = np.random.default_rng(seed).uniform(-0.9, 0.9, (samples, channels)).astype(np.float32)
    about = write_comparison(folder, ArraySource(before, rate_hz), ArraySource(before / 4, rate_hz))
    sound, found_hz = soundfile.read(folder / SOUND)
    assert found_hz == about.rate_hz == rate_hz and about.seconds == samples / rate_hz
    np.testing.assert_allclose(sound[:, 0], before.mean(axis=1), atol=2e-5)
    np.testing.assert_allclose(sound[:, 1], before.mean(axis=1) / 4, atol=2e-5)
    assert about.rms[1] == pytest.approx(about.rms[0] / 4, rel=1e-5)
    assert Image.open(folder / "before.webp").size == Image.open(folder / "after.webp").size


def test_long_recordings_are_drawn_in_pieces_on_one_scale(tmp_path):
    rate_hz = 1000
    wave = np.random.default_rng(0).normal(0, 0.1, (round(2.5 * SEGMENT_S * rate_hz), 1)).astype(np.float32)
    wave[: len(wave) // 2] = 0
    write_comparison(tmp_path, ArraySource(wave, rate_hz), ArraySource(wave / 100, rate_hz))
    before, after = (
        np.asarray(Image.open(tmp_path / name).convert("L"), float) for name in ("before.webp", "after.webp")
    )
    assert before.shape[1] == pytest.approx(IMAGE_COLUMNS, abs=2)
    half = before.shape[1] // 2
    assert (
        before[:, : half - 4].max() < 10 and before[:, half + 4 :].mean() > after[:, half + 4 :].mean() + 30
    )
