"""Means with their confidence intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """The mean of a column.

    Attributes:
        mean: over the files that have a value; NaN if none has.
        margin: half the width of the 95 % confidence interval; NaN for fewer than two files.
        count: files with a value.
        nan: files without.
    """

    mean: float
    margin: float
    count: int
    nan: int


def summarise(values: Iterable[float], weights: Iterable[float] | None = None) -> Summary:
    """Mean over the values that are not NaN, with Student's interval mean +- t s / sqrt(n).

    Args:
        values: one per file.
        weights: one per value, such as the length of its transcript; None for equal ones. The spread of a
            weighted mean is that of a ratio of two sums, to first order.
    """
    values = np.asarray(list(values), dtype=np.float64)
    weights = np.ones(len(values)) if weights is None else np.asarray(list(weights), dtype=np.float64)
    good = ~np.isnan(values)
    weights, chosen = weights[good], values[good]
    count = len(chosen)
    if not weights.sum() > 0:
        return Summary(float("nan"), float("nan"), count, len(values) - count)
    mean = float((weights * chosen).sum() / weights.sum())
    margin = float("nan")
    if count > 1:
        from scipy.special import stdtrit

        spread = np.sqrt(count / (count - 1) * ((weights * (chosen - mean)) ** 2).sum()) / weights.sum()
        margin = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2) * spread)
    return Summary(mean, margin, count, len(values) - count)
