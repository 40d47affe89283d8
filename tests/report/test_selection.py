"""Which utterances are chosen to be heard."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.report.listening_set import ListeningSet, Track
from espnet_plugin.report.selection import choose_utterances
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores


def scored(values, column=Column("PESQ")):
    return Scores([column], {column.name: {f"u{number}": value for number, value in enumerate(values)}})


def set_of(noisy, *systems):
    tracks = tuple(Track(f"s{number}", {}, scored(values)) for number, values in enumerate(systems))
    return ListeningSet("x", Track("noisy", {}, scored(noisy)), tracks)


def test_extremes_median_and_a_spread():
    gains = list(range(101))
    one = set_of([0.0] * 101, gains)
    chosen = choose_utterances(one, [f"u{number}" for number in gains], 8)
    assert len(chosen) == 8
    assert chosen["u0"] == ["smallest gain in PESQ"] and chosen["u100"] == ["largest gain in PESQ"]
    assert chosen["u1"] == ["second smallest gain in PESQ"] and chosen["u50"] == ["median gain in PESQ"]
    spread = sorted(int(name[1:]) for name, why in chosen.items() if not why)
    assert len(spread) == 3 and spread[0] < 30 and 30 < spread[1] < 70 and spread[2] > 70


def test_lower_is_better_and_several_systems():
    column = Column("LSD", better="lower")
    systems = [Track("a", {}, scored([1, 5, 3], column)), Track("b", {}, scored([5, 1, 3], column))]
    one = ListeningSet("x", Track("noisy", {}, scored([3, 3, 3], column)), tuple(systems))
    chosen = choose_utterances(one, ["u0", "u1", "u2"], 3)
    assert chosen["u0"] == ["largest gain in LSD of a", "smallest gain in LSD of b"]
    assert chosen["u1"] == ["smallest gain in LSD of a", "largest gain in LSD of b", "median gain in LSD"]


def test_metrics_that_tell_most_come_first():
    columns = [Column("LSD"), Column("PESQ")]
    values = {"LSD": {"u0": 9.0, "u1": 5.0, "u2": 0.0}, "PESQ": {"u0": 1.0, "u1": 2.0, "u2": 1.5}}
    one = ListeningSet("x", Track("noisy", {}), (Track("a", {}, Scores(columns, values)),))
    chosen = choose_utterances(one, ["u0", "u1", "u2"], 2)
    assert chosen["u0"] == ["smallest merit in PESQ", "largest merit in LSD"]
    assert chosen["u2"] == ["smallest merit in LSD", "median merit in PESQ"]


def test_without_scores_the_choice_is_even():
    one = ListeningSet("x", Track("noisy", {}), (Track("a", {}),))
    names = [f"u{number}" for number in range(10)]
    assert choose_utterances(one, names, 2) == {"u2": [], "u7": []}


@pytest.mark.parametrize("values", [[float("nan")] * 4, [1.0, float("nan"), float("inf"), 2.0]])
def test_values_that_are_no_numbers(values):
    chosen = choose_utterances(set_of([0.0] * 4, values), [f"u{number}" for number in range(4)], 4)
    assert set(chosen) == {"u0", "u1", "u2", "u3"}


@given(
    st.lists(st.floats(-5, 5) | st.just(float("nan")), max_size=30),
    st.integers(0, 40),
    st.booleans(),
)
def test_as_many_as_wanted(values, count, with_noisy):
    one = set_of([0.0] * len(values), values)
    if not with_noisy:
        one = dataclasses.replace(one, noisy=Track("noisy", {}))
    names = [f"u{number}" for number in range(len(values))]
    chosen = choose_utterances(one, names, count)
    assert len(chosen) == min(count, len(names)) and set(chosen) <= set(names)
