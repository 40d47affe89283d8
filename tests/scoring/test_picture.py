"""Spectrogram pictures: the numbers in them, and files that are whole."""

import numpy as np
import pytest

from espnet_plugin.scoring.picture import draw_spectrograms, read_mark, spectrogram_db


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 48000])
def test_a_full_scale_sine_is_at_0_db_in_its_bin(rate_hz):
    window = int(rate_hz * 0.032)
    tone_bin = window // 8
    wave = np.sin(2 * np.pi * tone_bin * np.arange(rate_hz) / window)
    picture = spectrogram_db(wave, rate_hz)
    assert picture.shape[0] == window // 2 + 1
    frame = picture[:, picture.shape[1] // 2]
    assert frame.argmax() == tone_bin and frame.max() == pytest.approx(0, abs=0.1)


def test_picture_is_drawn_marked_and_same_again(tmp_path, speech, noisy):
    from PIL import Image

    clean = speech(1.0)
    waves = {"noisy": noisy(clean, 5), "clean": clean}
    draw_spectrograms(tmp_path / "images" / "a.png", waves, 16000, "a", {"noisy": "PESQ 1.2"}, mark="first")
    with Image.open(tmp_path / "images" / "a.png") as image:
        assert image.format == "PNG" and image.width > image.height > 300
        assert np.asarray(image.convert("L")).std() > 20  # something is in it
    assert read_mark(tmp_path / "images" / "a.png") == "first"
    draw_spectrograms(tmp_path / "b.png", waves, 16000, "a", {"noisy": "PESQ 1.2"}, mark="first")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "images" / "a.png").read_bytes()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.png", "b.png", "images"]


def test_silence_can_be_drawn(tmp_path):
    draw_spectrograms(tmp_path / "silence.png", {"noisy": np.zeros(8000)}, 16000, "silence")
    assert (tmp_path / "silence.png").stat().st_size > 1000


def test_no_mark_without_a_picture(tmp_path):
    assert read_mark(tmp_path / "nothing.png") is None
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    assert read_mark(tmp_path / "broken.png") is None
