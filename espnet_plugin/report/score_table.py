"""The table of means of a set: every system, every metric, intervals, and which is best."""

from __future__ import annotations

import math
from dataclasses import dataclass

from espnet_plugin.report.listening_set import ListeningSet
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.summary import Summary
from espnet_plugin.scoring.table import NOTHING, heading, number


@dataclass(frozen=True)
class Cell:
    """The mean of a track.

    Attributes:
        track: its position among the tracks of the set.
        mean, margin: as text; the margin is half the 95 % interval, empty where there is none.
        best: no other track has a better mean, as far as the decimals tell.
        position, low, high: of mean and interval on the strip from 0 to 100, better to the right; None where
            there is no mean.
        files, without: how many have a value and how many have none.
    """

    track: int
    mean: str
    margin: str
    best: bool
    position: float | None = None
    low: float = 0.0
    high: float = 0.0
    files: int = 0
    without: int = 0


@dataclass(frozen=True)
class Row:
    """A metric with one cell per scored track."""

    heading: str
    cells: list[Cell]


def score_rows(one: ListeningSet) -> list[Row]:
    """One row per metric that any track was scored by; tracks without any scores have no cell."""
    tracks = [(position, track) for position, track in enumerate(one.tracks) if track.scores]
    rows = []
    for column in one.columns:
        summaries = {
            position: track.scores.summary(_own(track.scores.columns, column))
            if column.name in track.scores.values
            else Summary(math.nan, math.nan, 0, 0)
            for position, track in tracks
        }
        rows.append(Row(heading(column), _cells(summaries, column)))
    return rows


def _own(columns: list[Column], column: Column) -> Column:
    return next(own for own in columns if own.name == column.name)


def _cells(summaries: dict[int, Summary], column: Column) -> list[Cell]:
    sign = 1 if column.better == "higher" else -1
    known = {track: summary for track, summary in summaries.items() if math.isfinite(summary.mean)}
    reach = {track: 0.0 if math.isnan(one.margin) else one.margin for track, one in known.items()}
    edges = [sign * one.mean + side * reach[track] for track, one in known.items() for side in (-1, 1)]
    low, width = (min(edges), max(edges) - min(edges)) if edges else (0.0, 0.0)
    best = max((sign * round(one.mean, column.decimals) for one in known.values()), default=math.nan)

    def place(value: float) -> float:
        return round(100 * (value - low) / width, 1) if width else 50.0

    cells = []
    for track, one in summaries.items():
        if track not in known:
            cells.append(Cell(track, NOTHING, "", False, without=one.nan))
            continue
        merit = sign * one.mean
        cells.append(
            Cell(
                track,
                number(one.mean, column.decimals),
                "" if math.isnan(one.margin) else number(one.margin, column.decimals),
                len(known) > 1 and sign * round(one.mean, column.decimals) == best,
                place(merit),
                place(merit - reach[track]),
                place(merit + reach[track]),
                one.count,
                one.nan,
            )
        )
    return cells
