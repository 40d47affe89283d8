"""Windows that fade into each other lose and change nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.overlap_add import overlap_add, window_starts

geometry = st.tuples(st.integers(1, 400), st.integers(1, 90), st.integers(0, 89)).filter(lambda g: g[2] < g[1])


@given(geometry, st.sampled_from([(), (1,), (2,)]), st.integers(0, 9))
def test_identity_gives_the_input_back(lengths, channels, seed):
    samples, window, overlap = lengths
    wave = np.random.default_rng(seed).standard_normal((samples, *channels)).astype(np.float32)
    np.testing.assert_array_equal(overlap_add(np.copy, wave, window, overlap), wave)


@given(geometry)
def test_windows_cover_everything_and_are_full(lengths):
    samples, window, overlap = lengths
    starts = window_starts(samples, window, overlap)
    if samples <= window:
        assert starts == [0]
        return
    assert starts[0] == 0 and starts[-1] == samples - window
    steps = np.diff(starts)
    assert (steps > 0).all() and (steps <= window - overlap).all()


def test_crossfade_by_hand():
    """Windows of 0, 1 and 1: a straight rise over the four shared samples, then the last window as it is."""
    calls = iter(range(9))
    result = overlap_add(lambda piece: np.full_like(piece, min(next(calls), 1)), np.zeros(16), 8, 4)
    np.testing.assert_allclose(result, [0] * 4 + [0.125, 0.375, 0.625, 0.875] + [1] * 8)


def test_an_overlap_as_long_as_the_window_is_refused():
    with pytest.raises(ValueError, match="must be below"):
        window_starts(10, 4, 4)
