"""Means and their intervals."""

import numpy as np
import pytest

from espnet_plugin.scoring.summary import summarise


def test_equal_weights_are_no_weights():
    values = [1.0, 4.0, 2.0, float("nan")]
    plain, weighted = summarise(values), summarise(values, [3.0] * 4)
    assert (plain.mean, plain.count, plain.nan) == (pytest.approx(7 / 3), 3, 1)
    assert plain.margin == pytest.approx(4.302653 * np.std(values[:3], ddof=1) / np.sqrt(3))
    assert (weighted.mean, weighted.margin) == pytest.approx((plain.mean, plain.margin))


def test_a_weighted_mean_is_the_ratio_of_the_sums():
    random = np.random.default_rng(0)
    lengths = random.integers(5, 200, 300)
    errors = random.binomial(lengths, 0.3)
    summary = summarise(100 * (1 - errors / lengths), lengths)
    assert summary.mean == pytest.approx(100 * (1 - errors.sum() / lengths.sum()))
    resampled = []
    for _ in range(2000):
        chosen = random.integers(0, 300, 300)
        resampled.append(100 * (1 - errors[chosen].sum() / lengths[chosen].sum()))
    assert summary.margin == pytest.approx(1.97 * np.std(resampled), rel=0.1)


def test_nothing_to_weigh():
    assert np.isnan(summarise([1.0, 2.0], [0.0, 0.0]).mean)
    assert np.isnan(summarise([]).mean) and summarise([]).count == 0
