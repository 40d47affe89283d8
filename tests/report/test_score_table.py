"""The table of means."""

import math

import pytest

from espnet_plugin.report.listening_set import ListeningSet, Track
from espnet_plugin.report.score_table import score_rows
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores


def scores(column, *values):
    return Scores([column], {column.name: {f"u{number}": value for number, value in enumerate(values)}})


def rows_of(column, *tracks):
    noisy, *systems = (Track(f"t{number}", {}, one) for number, one in enumerate(tracks))
    return score_rows(ListeningSet("x", noisy, tuple(systems)))


def test_means_intervals_and_places():
    column = Column("PESQ")
    (row,) = rows_of(column, scores(column, 1.0, 1.0), scores(column, 2.0, 4.0))
    noisy, system = row.cells
    assert row.heading == "PESQ ↑"
    assert (noisy.mean, noisy.margin, noisy.best) == ("1.00", "0.00", False)
    assert system.mean == "3.00" and float(system.margin) == pytest.approx(12.71, abs=0.01) and system.best
    # The strip reaches from the lowest to the highest end: -9.71 to 15.71.
    assert (system.low, system.position, system.high) == (0, 50, 100)
    assert noisy.low == noisy.position == noisy.high == pytest.approx(100 * 10.71 / 25.41, abs=0.1)


def test_lower_is_better_stands_right():
    column = Column("LSD", better="lower")
    (row,) = rows_of(column, scores(column, 9.0), scores(column, 1.0))
    assert [cell.best for cell in row.cells] == [False, True]
    assert [cell.position for cell in row.cells] == [0, 100] and row.cells[0].margin == ""


def test_equal_within_the_decimals_is_best_twice():
    column = Column("PESQ")
    (row,) = rows_of(column, scores(column, 1.001), scores(column, 1.004), scores(column, 0.5))
    assert [cell.best for cell in row.cells] == [True, True, False]


def test_what_has_no_value():
    column = Column("PESQ")
    empty = Scores([Column("LSD")], {"LSD": {"u0": 1.0}})
    first, second = rows_of(column, scores(column, math.nan), empty)
    assert [cell.mean for cell in first.cells] == ["–", "–"] and first.cells[0].without == 1
    assert [cell.best for cell in second.cells] == [False, False] and second.cells[1].position == 50


def test_without_scores_there_is_no_table():
    assert score_rows(ListeningSet("x", Track("noisy", {}), (Track("a", {}),))) == []
