"""The challenge's ranking: dense ranks of rounded means, their mean per category, the mean of those."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from espnet_plugin.errors import UserError

#: category -> metrics; of all of them higher values are better
CATEGORIES = {
    "non-intrusive": ("DNSMOS", "NISQA", "UTMOS", "SCOREQ"),
    "intrusive": ("PESQ", "ESTOI", "POLQA"),
    "task-independent": ("SpeechBERTScore", "LPS"),
    "task-dependent": ("SpkSim", "EmoSim", "LID", "CAcc"),
}
METRICS = tuple(metric for metrics in CATEGORIES.values() for metric in metrics)
DECIMALS = 2  # of the values that are compared; CAcc is in per cent, the others as they are


class Bounds(NamedTuple):
    """The least and the largest value that is possible: of a rank, or of a mean of ranks.

    They differ only where the ranking knows part of a field. Fractions keep equal means equal.
    """

    low: Fraction | int
    high: Fraction | int | float  # math.inf where nothing is known

    @property
    def exact(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Ranking:
    """Systems in order.

    Attributes:
        metrics: those that every system has a value of; only they count.
        left_out: the challenge's other metrics -> the systems without a value.
        ranks: system -> metric -> rank, 1 is the best.
        categories: system -> category -> mean of its ranks; categories without a metric are left out.
        overall: system -> mean of the categories, smaller is better.
    """

    metrics: tuple[str, ...]
    left_out: dict[str, list[str]]
    ranks: dict[str, dict[str, Bounds]]
    categories: dict[str, dict[str, Bounds]]
    overall: dict[str, Bounds]

    @property
    def places(self) -> dict[str, int]:
        """System -> place, the best first; equal systems share one.

        Systems whose mean is known within bounds only are ordered by the worse bound.
        """
        keys = {system: (bounds.high, bounds.low) for system, bounds in self.overall.items()}
        place = {key: number for number, key in enumerate(sorted(set(keys.values())), start=1)}
        return {system: place[keys[system]] for system in sorted(keys, key=keys.get)}


def rank_systems(
    values: Mapping[str, Mapping[str, float]], published_ranks: Mapping[str, Mapping[str, int]] | None = None
) -> Ranking:
    """Rank systems as the challenge does; categories are not ranked again.

    Args:
        values: system -> metric -> mean over its files. A missing metric or NaN is no value, and a metric
            that one system has no value of counts for none. Metrics that the challenge does not rank are
            ignored.
        published_ranks: system -> metric -> rank, for those of the systems that stem from a larger field
            whose other systems are not known; see `dense_ranks`. Default: all systems are known.

    Raises:
        UserError: there is no system, or no metric that all systems have.
    """
    if not values:
        raise UserError("there is no system to rank")
    left_out = {}
    for metric in METRICS:
        without = [system for system, of in values.items() if math.isnan(of.get(metric, math.nan))]
        if without:
            left_out[metric] = without
    metrics = tuple(metric for metric in METRICS if metric not in left_out)
    if not metrics:
        raise UserError(f"no metric has values for all of {', '.join(values)}; leave systems out")
    ranks: dict[str, dict[str, Bounds]] = {system: {} for system in values}
    for metric in metrics:
        column = {system: of[metric] for system, of in values.items()}
        published = {system: of[metric] for system, of in (published_ranks or {}).items()}
        for system, bounds in dense_ranks(column, published).items():
            ranks[system][metric] = bounds
    categories = {
        system: {
            category: _mean([of[metric] for metric in members if metric in metrics])
            for category, members in CATEGORIES.items()
            if not left_out.keys() >= set(members)
        }
        for system, of in ranks.items()
    }
    overall = {system: _mean(of.values()) for system, of in categories.items()}
    return Ranking(metrics, left_out, ranks, categories, overall)


def dense_ranks(values: Mapping[str, float], published: Mapping[str, int] | None = None) -> dict[str, Bounds]:
    """Dense ranks (1 2 2 3) of values rounded to two decimals, the largest value first.

    A published rank higher than the known systems explain tells how many other values lie between two of
    them, but not where. The ranks of what is put among them are known within bounds then, and without an
    upper one behind the last published system.

    Args:
        values: system -> value, not NaN.
        published: system -> its rank before the others came; default: there is no larger field.

    Returns:
        system -> least and largest possible rank.
    """
    rounded = {system: round(value, DECIMALS) for system, value in values.items()}
    rank_of_value = {rounded[system]: rank for system, rank in (published or {}).items()}
    bounds: dict[float, Bounds] = {}
    before, last_published, newcomers = Bounds(0, 0), 0, []
    for value in sorted(set(rounded.values()), reverse=True):
        if value not in rank_of_value:
            newcomers.append(value)
            continue
        hidden = rank_of_value[value] - last_published - 1
        bounds.update(_between(newcomers, before, hidden))
        # The newcomers may have the hidden values, or all differ from them.
        low = before.low + max(hidden, len(newcomers)) + 1
        before = bounds[value] = Bounds(low, before.high + hidden + len(newcomers) + 1)
        last_published, newcomers = rank_of_value[value], []
    bounds.update(_between(newcomers, before, math.inf if rank_of_value else 0))
    return {system: bounds[value] for system, value in rounded.items()}


def _between(newcomers: Sequence[float], before: Bounds, hidden: int | float) -> dict[float, Bounds]:
    """Ranks of values behind a known system: in front of all hidden values, or behind them."""
    return {
        value: Bounds(before.low + number, before.high + hidden + number)
        for number, value in enumerate(newcomers, start=1)
    }


def _mean(of: Collection[Bounds]) -> Bounds:
    low = sum((bounds.low for bounds in of), Fraction()) / len(of)
    return Bounds(low, sum((bounds.high for bounds in of), Fraction()) / len(of))
