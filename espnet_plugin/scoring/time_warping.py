"""Alignment of two sequences in linear time: FastDTW (Salvador and Chan 2007)."""

from __future__ import annotations

import numpy as np


def align(x: np.ndarray, y: np.ndarray, radius: int = 1) -> np.ndarray:
    """A path of pairs of rows with a small sum of Euclidean distances.

    The path through both sequences at half the length, found in the same way, bounds the search: the sum is
    near the least one, not always the least. Swapping x and y may give another path.

    Args:
        x, y: shapes (rows, D) and (columns, D), float64, not empty.
        radius: how far the search goes around the coarser path; larger is better and slower.

    Returns:
        (steps, 2): indices into x and y, from (0, 0) to the last pair, both never falling.
    """
    from espnet_plugin.scoring.mcd_kernels import cheapest_path, widen

    rows, columns = len(x), len(y)
    if min(rows, columns) < radius + 2:
        begins, ends = np.zeros(rows, np.int64), np.full(rows, columns)
    else:
        begins, ends = np.full(rows, columns), np.zeros(rows, np.int64)
        widen(align(_halved(x), _halved(y), radius), radius, begins, ends)
    return cheapest_path(x, y, begins, ends)


def _halved(sequence: np.ndarray) -> np.ndarray:
    """Means of neighbouring pairs; a last row without neighbour is dropped."""
    return (sequence[:-1:2] + sequence[1::2]) / 2
