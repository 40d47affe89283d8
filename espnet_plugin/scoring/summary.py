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


def summarise(values: Iterable[float]) -> Summary:
    """Mean over the values that are not NaN, with Student's interval mean +- t s / sqrt(n)."""
    values = np.asarray(list(values), dtype=np.float64)
    good = values[~np.isnan(values)]
    mean = float(good.mean()) if len(good) else float("nan")
    margin = float("nan")
    if len(good) > 1:
        from scipy.special import stdtrit

        quantile = stdtrit(len(good) - 1, (1 + CONFIDENCE) / 2)
        margin = float(quantile * good.std(ddof=1) / np.sqrt(len(good)))
    return Summary(mean, margin, len(good), len(values) - len(good))
