"""The official windows, and seams that change nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.windows import plan_windows, stitch


@pytest.mark.parametrize(
    ("tenths", "windows"),
    [
        (1, [(0, 1)]),
        (80, [(0, 80)]),
        (100, [(0, 100)]),
        (101, [(0, 80), (40, 101)]),
        (120, [(0, 80), (40, 120)]),
        (140, [(0, 80), (40, 140)]),
        (141, [(0, 80), (40, 120), (80, 141)]),
    ],
)
def test_official_windows_of_8_s_every_4_s(tenths, windows):
    assert plan_windows(tenths, 80, 40) == windows


@given(st.integers(1, 500), st.integers(1, 90), st.integers(1, 90), st.integers(0, 90), st.integers(0, 9))
def test_identity_gives_the_input_back(samples, window, hop, crossfade, seed):
    hop = min(hop, window)
    wave = np.random.default_rng(seed).standard_normal((samples, 2)).astype(np.float32)
    windows = plan_windows(samples, window, hop)
    assert all(end - start <= window + hop / 2 for start, end in windows)
    pieces = ((start, wave[start:end]) for start, end in windows)
    blocks = list(stitch(pieces, min(crossfade, window - hop)))
    np.testing.assert_array_equal(np.concatenate(blocks), wave)


def test_a_seam_by_hand():
    """Windows of 0 and 1 that share 8 samples: a straight rise over the middle four."""
    pieces = [(0, np.zeros(16, np.float32)), (8, np.ones(16, np.float32))]
    expected = [0] * 10 + [0.125, 0.375, 0.625, 0.875] + [1] * 10
    np.testing.assert_allclose(np.concatenate(list(stitch(pieces, 4))), expected)


def test_impossible_windows():
    with pytest.raises(ValueError, match="at most the window"):
        plan_windows(10, 4, 5)


def test_blocks_come_as_soon_as_they_are_final():
    """Half an overlap after a window begins, so that memory does not grow with the recording."""
    given = []

    def pieces():
        for start in range(0, 80, 8):
            given.append(start)
            yield start, np.ones(12, np.float32)

    heard = 0
    for block in stitch(pieces(), 2):
        heard += len(block)
        assert heard >= given[-1] - 8
    assert heard == 84
