"""Which utterances are worth hearing: the extremes of the gains, the median, and a spread between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from espnet_plugin.report.listening_set import ListeningSet, Track
from espnet_plugin.scoring.compare import GAIN_COLUMNS
from espnet_plugin.scoring.metric import Column


def choose_utterances(one: ListeningSet, identifiers: Iterable[str], count: int) -> dict[str, list[str]]:
    """Choose utterances by the gain of the systems over the noisy recordings.

    Half of them are the largest and smallest gains, by turns of the metrics and systems; then come the median
    and evenly spaced ranks of the first metric. Without scores of the noisy recordings the scores themselves
    count; without any, the choice is evenly spaced.

    Args:
        one: the set.
        identifiers: those to choose from.
        count: how many; more than there are chooses all.

    Returns:
        id -> what it stands out by, in words; no words for one that only fills up.
    """
    candidates = list(identifiers)
    wanted = min(count, len(candidates))
    columns = _scored(one, candidates)
    notable = list(_extremes(one, candidates, columns))
    chosen = list(dict.fromkeys(identifier for identifier, _ in notable))[: wanted // 2]
    if columns:
        merits = _mean_merits(one, candidates, columns[0])
        candidates = sorted(candidates, key=lambda identifier: merits.get(identifier, -math.inf))
        ranked = [identifier for identifier in candidates if identifier in merits]
        median = ranked[len(ranked) // 2]
        notable.append((median, f"median {_quantity(one, columns[0])}"))
        if median not in chosen and len(chosen) < wanted:
            chosen.append(median)
    rest = [identifier for identifier in candidates if identifier not in chosen]
    missing = wanted - len(chosen)
    chosen += [rest[int((position + 0.5) * len(rest) / missing)] for position in range(missing)]
    return {name: [words for identifier, words in notable if identifier == name] for name in chosen}


def _scored(one: ListeningSet, candidates: list[str]) -> list[Column]:
    """The columns with values, those that tell most about the gain first."""
    columns = [column for column in one.columns if _mean_merits(one, candidates, column)]
    first = {name: position for position, name in enumerate(GAIN_COLUMNS)}
    return sorted(columns, key=lambda column: first.get(column.name, len(first)))


def _extremes(one: ListeningSet, candidates: list[str], columns: list[Column]) -> Iterator[tuple[str, str]]:
    """(id, words): the smallest and largest of each column and system, then the second of each."""
    orders = []
    for column in columns:
        for system in one.systems:
            merits = _merits(one, system, candidates, column)
            if merits:
                of = f" of {system.name}" if len(one.systems) > 1 else ""
                orders.append((sorted(merits, key=merits.get), f"{_quantity(one, column)}{of}"))
    for place, name in enumerate(("", "second ", "third ")):
        for order, words in orders:
            if len(order) > 2 * place + 1:
                yield order[place], f"{name}smallest {words}"
                yield order[-1 - place], f"{name}largest {words}"


def _quantity(one: ListeningSet, column: Column) -> str:
    """`gain in PESQ`; `merit in PESQ` where there is nothing to gain over."""
    return f"{'gain' if _has_noisy(one, column) else 'merit'} in {column.heading}"


def _has_noisy(one: ListeningSet, column: Column) -> bool:
    return one.noisy.scores is not None and column.name in one.noisy.scores.values


def _merits(one: ListeningSet, system: Track, candidates: list[str], column: Column) -> dict[str, float]:
    """id -> gain or score, larger is better; without those that have none."""
    sign = 1 if column.better == "higher" else -1
    found = {}
    for identifier in candidates:
        if _has_noisy(one, column):
            merit = one.gain(system, column, identifier)
        else:
            merit = sign * system.value(column.name, identifier)
        if math.isfinite(merit):
            found[identifier] = merit
    return found


def _mean_merits(one: ListeningSet, candidates: list[str], column: Column) -> dict[str, float]:
    """id -> mean over the systems that have a value."""
    gathered: dict[str, list[float]] = {}
    for system in one.systems:
        for identifier, merit in _merits(one, system, candidates, column).items():
            gathered.setdefault(identifier, []).append(merit)
    return {identifier: sum(merits) / len(merits) for identifier, merits in gathered.items()}
