"""Recordings read stretch by stretch; whatever is in a file, an array or one line of an error comes out."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.audio import source as sources
from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.source import ArraySource, ChosenChannels, FileSource
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError

FORMATS = [("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_24"), ("ogg", ""), ("mp3", "")]
FORMATS.append(("aiff", "PCM_16"))
WAVE = (0.1 * np.random.default_rng(0).standard_normal((6000, 2))).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    paths = [folder / f"wave{subtype}.{suffix}" for suffix, subtype in FORMATS]
    for path, (_, subtype) in zip(paths, FORMATS, strict=True):
        write_audio(path, WAVE, 16000, subtype)
    return paths


@settings(max_examples=60)
@given(
    which=st.integers(0, len(FORMATS) - 1),
    stretches=st.lists(st.tuples(st.integers(0, 7000), st.integers(0, 7000)), max_size=6),
    block=st.sampled_from([100, 1 << 18]),
)
def test_any_stretch_in_any_order(files, which, stretches, block):
    whole, rate_hz = read_audio(files[which])
    before, sources.BLOCK = sources.BLOCK, block
    try:
        source = FileSource(files[which])
        assert (source.rate_hz, source.samples, source.channels) == (rate_hz, len(whole), 2)
        for start, count in stretches:
            np.testing.assert_array_equal(source.read(start, count), whole[start : start + count])
            np.testing.assert_array_equal(
                ArraySource(whole, rate_hz).read(start, count), whole[start : start + count]
            )
        np.testing.assert_array_equal(np.concatenate(list(source.again().blocks())), whole)
    finally:
        sources.BLOCK = before


def test_channels(files):
    source = FileSource(files[0])
    whole = source.read(0, 6000)
    np.testing.assert_array_equal(ChosenChannels(source, (2, 1, 2)).read(5, 50), whole[5:55, [1, 0, 1]])
    mixed = ChosenChannels(source.again(), None)
    assert mixed.channels == 1
    np.testing.assert_allclose(mixed.again().read(0, 6000), whole.mean(axis=1, keepdims=True), atol=1e-7)
    with pytest.raises(UserError, match="no channel 3: the recording has 2"):
        ChosenChannels(source, (1, 3))


def test_more_channels_than_fit_into_memory(tmp_path):
    soundfile.write(tmp_path / "array.wav", np.zeros((10, 65)), 48000)
    with pytest.raises(UserError, match="has 65 channels; at most 64"):
        FileSource(tmp_path / "array.wav")


def test_a_file_that_is_cut_while_it_is_read(files):
    source = FileSource(files[0])
    files[0].write_bytes(files[0].read_bytes()[:5000])
    with pytest.raises(UserError, match="is cut off"):
        source.read(0, 6000)
    write_audio(files[0], WAVE, 16000)


@settings(max_examples=150)
@given(
    which=st.integers(0, len(FORMATS) - 1),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.one_of(st.none(), st.integers(0, 3000)),
)
def test_changed_headers_never_crash(files, tmp_path_factory, which, changes, length):
    """Every file is read to its end within its own size, or refused in one line."""
    content = bytearray(files[which].read_bytes()[:length])
    for place, value in changes:
        if place < len(content):
            content[place] = value
    folder = tmp_path_factory.getbasetemp()
    path = folder / f"fuzz{files[which].suffix}"
    path.write_bytes(content)
    read = 0
    try:
        source = FileSource(path)  # not ffmpeg, which would start for every one
        for block in source.blocks():
            assert block.dtype == np.float32 and block.shape[1] == source.channels
            read += len(block)
        assert read == source.samples
    except UserError as error:
        assert "\n" not in str(error) and str(path) in str(error)
    assert read <= 64 * 8 * max(len(content), 1)


def test_mp3_piece_by_piece(tmp_path):
    """Frames of tones need bits of those before, which are lost in a jump, even to where the reader is."""
    time_s = np.arange(24000)[:, None] / 16000
    write_audio(tmp_path / "a.mp3", 0.3 * np.sin(2 * np.pi * np.array([440, 880]) * time_s), 16000)
    whole, _ = read_audio(tmp_path / "a.mp3")
    source = FileSource(tmp_path / "a.mp3")
    pieces = [source.read(start, 700) for start in range(0, source.samples, 700)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)
