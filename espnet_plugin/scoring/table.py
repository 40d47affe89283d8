"""Tables of scores, for the terminal and in Markdown."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from espnet_plugin.scoring.breakdown import Groups
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores
from espnet_plugin.scoring.summary import summarise

NOTHING = "–"
FETCH = "urgent26 weights --fetch"
Rows = list[list[str]]


@dataclass
class Comparison:
    """One test set before and after enhancement.

    Attributes:
        name: of the test set.
        noisy, enhanced: their scores.
        groups: heading -> group -> ids, for the breakdowns.
    """

    name: str
    noisy: Scores
    enhanced: Scores
    groups: dict[str, Groups] = field(default_factory=dict)

    def pairs(self, column: Column, identifiers: set[str] | None = None) -> Pairs:
        """Values of the files that have one on both sides."""
        noisy, enhanced = (side.values.get(column.name, {}) for side in (self.noisy, self.enhanced))
        common = [
            identifier
            for identifier in sorted(noisy.keys() & enhanced.keys())
            if (identifiers is None or identifier in identifiers)
            and not math.isnan(noisy[identifier] + enhanced[identifier])
        ]
        weights = self.enhanced.values[column.weight] if column.weight else dict.fromkeys(common, 1.0)
        return Pairs(*([of[identifier] for identifier in common] for of in (noisy, enhanced, weights)))


class Pairs(NamedTuple):
    """Values of one column, file by file; the weights are those of the mean over files."""

    noisy: list[float]
    enhanced: list[float]
    weights: list[float]

    @property
    def gains(self) -> list[float]:
        return [after - before for before, after in zip(self.noisy, self.enhanced)]


def number(value: float, decimals: int, sign: bool = False) -> str:
    """A number with a fixed count of decimals and a true minus sign; a dash for NaN.

    >>> number(-0.125, 1), number(0.52, 2, sign=True), number(float("nan"), 2)
    ('−0.1', '+0.52', '–')
    """
    if math.isnan(value):
        return NOTHING
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def heading(column: Column) -> str:
    """Title, unit and an arrow towards better values."""
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.heading}{unit} {'↑' if column.better == 'higher' else '↓'}"


def comparison_rows(comparison: Comparison, columns: Sequence[Column]) -> Rows:
    """Rows noisy, enhanced, difference over the files that both sides have a value for.

    The difference carries half the width of its 95 % confidence interval.
    """
    rows = [["", *map(heading, columns)], ["noisy"], ["enhanced"], ["difference"]]
    for column in columns:
        pairs = comparison.pairs(column)
        noisy, enhanced, difference = (
            summarise(values, pairs.weights) for values in (pairs.noisy, pairs.enhanced, pairs.gains)
        )
        change = number(difference.mean, column.decimals, sign=True)
        if not math.isnan(difference.margin):
            change += f" ± {number(difference.margin, column.decimals)}"
        for row, text in zip(
            rows[1:], (number(noisy.mean, column.decimals), number(enhanced.mean, column.decimals), change)
        ):
            row.append(text)
    return rows


def breakdown_rows(comparison: Comparison, title: str, columns: Sequence[Column]) -> Rows:
    """One row per group, each cell `noisy → enhanced`."""
    rows = [[title, "files", *map(heading, columns)]]
    known = set().union(*(values.keys() for values in comparison.enhanced.values.values()))
    for label, identifiers in comparison.groups[title].items():
        members = identifiers & known
        if not members:
            continue
        row = [label, str(len(members))]
        for column in columns:
            pairs = comparison.pairs(column, members)
            before = number(summarise(pairs.noisy, pairs.weights).mean, column.decimals)
            after = number(summarise(pairs.enhanced, pairs.weights).mean, column.decimals)
            row.append(f"{before} → {after}" if pairs.noisy else NOTHING)
        rows.append(row)
    return rows


def group_rows(scores: Scores, title: str) -> Rows:
    """One row per group of a single set, with the mean of each column."""
    rows = [[title, "files", *map(heading, scores.shown)]]
    known = set().union(*(values.keys() for values in scores.values.values()))
    for label, identifiers in scores.groups[title].items():
        members = identifiers & known
        if members:
            means = (number(scores.summary(column, members).mean, column.decimals) for column in scores.shown)
            rows.append([label, str(len(members)), *means])
    return rows


def by(title: str) -> str:
    """`by SNR`, `by sampling rate`."""
    return f"by {title if title == 'SNR' else title.lower()}"


def scores_rows(scores: Scores) -> Rows:
    """One row per column of a single set: mean, interval, files, files without a value."""
    rows = [["", "mean", "95 % interval", "files", "without value"]]
    for column in scores.shown:
        summary = scores.summary(column)
        low, high = summary.mean - summary.margin, summary.mean + summary.margin
        interval = f"{number(low, column.decimals)} to {number(high, column.decimals)}"
        rows.append(
            [
                heading(column),
                number(summary.mean, column.decimals),
                NOTHING if math.isnan(low) else interval,
                str(summary.count),
                str(summary.nan),
            ]
        )
    return rows


def remarks(scores: Scores, most: int = 10) -> list[str]:
    """What the table of a set does not show, each in one line.

    Args:
        most: files that are named before the rest is only counted.
    """
    named = list(scores.errors.items())[:most]
    lines = [f"not scored: {identifier}: {reason}" for identifier, reason in named]
    if len(scores.errors) > most:
        lines.append(f"not scored: {len(scores.errors) - most} more, all are in scores.json")
    for name, notes in scores.notes.items():
        identifier, reason = next(iter(notes.items()))
        files = "1 file" if len(notes) == 1 else f"{len(notes)} files, the first is"
        lines.append(f"{name} has no value for {files} {identifier}: {reason}")
    unfetched = [name for name, why in scores.unavailable.items() if why.remedy.startswith(FETCH)]
    if len(unfetched) > 1:
        lines.append(f"not at hand are the weights of {', '.join(unfetched)}; {FETCH} {' '.join(unfetched)}")
    for name, why in scores.unavailable.items():
        if unfetched[1:] and name in unfetched:
            continue
        lines.append(f"{name} is not available: {why.reason}; {why.remedy}")
    return lines


def show(words: str) -> None:
    """Print, with question marks for what the terminal's encoding does not hold."""
    encoding = sys.stdout.encoding or "utf-8"
    print(words.encode(encoding, errors="replace").decode(encoding), flush=True)


def markdown(rows: Rows) -> str:
    """A Markdown table; the first row is the head, numbers stand right."""
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def text(rows: Rows, left: Collection[int] = (0,)) -> str:
    """An aligned table for the terminal; these columns stand left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if position in left else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines) + "\n"
