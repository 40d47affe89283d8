"""FastDTW against a plain one, with many ties, and against paths of the package of that name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring.time_warping import align
from tests.bench.plain_intrusive import plain_alignment


@given(
    rows=st.integers(1, 60),
    columns=st.integers(1, 60),
    width=st.integers(1, 3),
    radius=st.integers(1, 3),
    seed=st.integers(0, 999),
    silence=st.booleans(),
)
def test_equal_to_the_plain_form(rows, columns, width, radius, seed, silence):
    random = np.random.default_rng(seed)
    x, y = (random.integers(0, 3, (length, width)).astype(float) for length in (rows, columns))
    if silence:
        x[rows // 2 :] = y[columns // 3 :] = 0
    path = align(x, y, radius)
    assert list(map(tuple, path)) == plain_alignment(x, y, radius)
    steps = np.diff(path, axis=0)
    assert tuple(path[0]) == (0, 0) and tuple(path[-1]) == (rows - 1, columns - 1)
    assert ((steps >= 0) & (steps <= 1)).all() and steps.any(axis=1).all()


PACKAGE = [
    (
        [2, 2, 2, 1, 2, 2, 2, 0, 1, 1, 0, 1],
        [1, 2, 1, 0, 2, 2, 0, 1, 1],
        [[0, 0], [0, 1], [1, 1], [2, 1], [3, 2], [3, 3], [4, 4], [4, 5], [5, 5], [6, 5], [7, 6], [8,
        7], [8, 8], [9, 8], [10, 8], [11, 8]],
    ),
    (
        [2, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        [2, 1, 2, 0, 0, 0, 0, 0, 0],
        [[0, 0], [1, 1], [2, 1], [3, 2], [4, 3], [4, 4], [4, 5], [4, 6], [4, 7], [4, 8], [5, 8], [6,
        8], [7, 8], [8, 8], [9, 8], [10, 8], [11, 8]],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("x", "y", "path"), PACKAGE)
def test_ties_are_broken_as_in_the_package(x, y, path):
    # fastdtw 0.3.4, radius 1
    x, y = (np.array(one, float)[:, None] for one in (x, y))
    assert align(x, y).tolist() == path


def test_a_wide_search_finds_the_least_sum():
    random = np.random.default_rng(0)
    x, y = random.standard_normal((30, 2)), random.standard_normal((25, 2))
    distances = np.linalg.norm(x[:, None] - y, axis=2)
    least = np.full((31, 26), np.inf)
    least[0, 0] = 0
    for i in range(30):
        for j in range(25):
            least[i + 1, j + 1] = distances[i, j] + min(least[i, j], least[i, j + 1], least[i + 1, j])
    for radius, bound in ((30, 1 + 1e-12), (1, 1.5)):
        path = align(x, y, radius)
        assert least[-1, -1] <= distances[path[:, 0], path[:, 1]].sum() + 1e-9 <= bound * least[-1, -1] + 2e-9


def test_swapped_sequences_may_give_another_path():
    x, y = np.zeros((40, 1)), np.zeros((40, 1))
    assert align(x, y).tolist() != align(y, x)[:, ::-1].tolist()
