"""The ranking: the published rows, ties, missing metrics, and bounds that hold for every hidden field."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.leaderboard import LEADERBOARD
from espnet_plugin.scoring.ranking import METRICS, Bounds, dense_ranks, rank_systems
from espnet_plugin.scoring.ranking_table import overall_rows, within

VALUES = {team: row.values for team, row in LEADERBOARD.items()}
RANKS = {team: row.ranks for team, row in LEADERBOARD.items()}

# Few different values, so that ties, also after rounding only, are common.
VALUE = st.integers(0, 60).map(lambda thousandths: thousandths / 1000)
COLUMN = st.dictionaries(st.text("abcdef", min_size=1), VALUE, min_size=1)


def exactly(rank):
    return Bounds(rank, rank)


def test_published_rows_come_out_to_the_last_digit():
    ranking = rank_systems(VALUES, RANKS)
    printed = {team: within(bounds, 2) for team, bounds in ranking.overall.items()}
    assert printed == {
        "WR": "2.12",
        "GHW": "3.85",
        "subatomicseer": "3.98",
        "baird": "4.31",
        "RICK2000": "4.90",
        "Ali-Universal-SE": "5.06",
    }
    assert printed == {team: row.overall for team, row in LEADERBOARD.items()}
    assert list(ranking.places.items()) == [(team, place) for place, team in enumerate(LEADERBOARD, 1)]
    for team, ranks in RANKS.items():
        assert ranking.ranks[team] == {metric: exactly(rank) for metric, rank in ranks.items()}
    assert ranking.metrics == METRICS and not ranking.left_out


def test_published_ranks_follow_their_values():
    for metric in METRICS:
        pairs = {(values[metric], RANKS[team][metric]) for team, values in VALUES.items()}
        by_value = sorted(pairs, reverse=True)
        assert by_value == sorted(pairs, key=lambda pair: pair[1])
        assert len({value for value, _ in pairs}) == len({rank for _, rank in pairs}) == len(pairs)


def test_the_worked_example_in_numbers():
    ranking = rank_systems(VALUES, RANKS)
    assert ranking.categories["WR"] == {
        "non-intrusive": exactly(4),
        "intrusive": exactly(1),
        "task-independent": exactly(2),
        "task-dependent": exactly(1.5),
    }
    assert ranking.overall["WR"] == exactly(2.125)


def test_a_known_field_has_dense_ranks_of_rounded_values():
    # 1.004 and 0.996 are the same value, 0.994 is another one.
    ranks = dense_ranks({"a": 1.004, "b": 0.994, "c": 0.996, "d": 2.0, "e": -1.0})
    assert ranks == {"d": (1, 1), "a": (2, 2), "c": (2, 2), "b": (3, 3), "e": (4, 4)}


@given(COLUMN)
def test_dense_ranks(values):
    ranks = dense_ranks(values)
    assert all(bounds.exact for bounds in ranks.values())
    assert {bounds.low for bounds in ranks.values()} == set(range(1, len(set(ranks.values())) + 1))
    for one in values:
        for other in values:
            order = round(values[one], 2) - round(values[other], 2)
            assert (ranks[one] < ranks[other], ranks[one] == ranks[other]) == (order > 0, order == 0)


@pytest.mark.parametrize(
    ("dnsmos", "expected"),
    [
        (2.874, "5"),  # WR's rounded value
        (2.86, "6"),  # between ranks 5 and 6
        (2.80, "9–11"),  # between ranks 8 and 11
        (3.0, "1–5"),
        (1.0, "≥ 16"),
    ],
)
def test_place_between_published_ranks(dnsmos, expected):
    values = {"mine": dnsmos} | {team: values["DNSMOS"] for team, values in VALUES.items()}
    published = {team: ranks["DNSMOS"] for team, ranks in RANKS.items()}
    assert within(dense_ranks(values, published)["mine"], 0) == expected


def test_a_newcomer_may_be_one_of_the_hidden_values():
    # Two values lie hidden between the published ranks 1 and 4.
    ranks = dense_ranks({"first": 3.0, "fourth": 1.0, "mine": 2.0}, {"first": 1, "fourth": 4})
    assert ranks == {"first": (1, 1), "mine": (2, 4), "fourth": (4, 5)}


def test_the_worse_bound_decides_the_order():
    values = {"first": {"PESQ": 3.0}, "tenth": {"PESQ": 2.0}, "mine": {"PESQ": 2.5}, "last": {"PESQ": 1.0}}
    ranking = rank_systems(values, {"first": {"PESQ": 1}, "tenth": {"PESQ": 10}})
    assert list(ranking.places) == ["first", "mine", "tenth", "last"]
    values = {
        "steady": {"PESQ": 2.0, "ESTOI": 0.5},
        "unsure": {"PESQ": 2.5, "ESTOI": 0.4},  # PESQ 2 to 10, ESTOI 3; steady has 10 to 11 and 1
        "top": {"PESQ": 3.0, "ESTOI": 0.45},
    }
    ranks = {"steady": {"PESQ": 10, "ESTOI": 1}, "top": {"PESQ": 1, "ESTOI": 2}}
    ranking = rank_systems(values, ranks)
    assert ranking.overall["unsure"].low < ranking.overall["steady"].low
    assert list(ranking.places) == ["top", "steady", "unsure"]


@given(st.lists(VALUE, min_size=1, max_size=12), st.lists(VALUE, max_size=4), st.data())
def test_bounds_hold_whatever_the_hidden_field_is(field, own, data):
    full = {f"field {number}": value for number, value in enumerate(field)}
    known = data.draw(st.sets(st.sampled_from(sorted(full)), min_size=1))
    published = {name: rank.low for name, rank in dense_ranks(full).items() if name in known}
    newcomers = {f"own {number}": value for number, value in enumerate(own)}

    bounds = dense_ranks({name: full[name] for name in known} | newcomers, published)
    truth = dense_ranks(full | newcomers)
    assert all(bounds[name].low <= truth[name].low <= bounds[name].high for name in bounds)
    if known == full.keys():  # nothing is hidden: exact as far as the last published value
        worst = min(round(value, 2) for value in field)
        assert all(bounds[name] == truth[name] for name in full)
        assert all(
            bounds[name] == truth[name] for name, value in newcomers.items() if round(value, 2) >= worst
        )


@pytest.mark.parametrize("team", LEADERBOARD)
def test_a_twin_of_a_published_system_changes_nothing(team):
    ranking = rank_systems(VALUES | {"twin": VALUES[team]}, RANKS)
    assert ranking.overall["twin"] == ranking.overall[team]
    assert ranking.places["twin"] == ranking.places[team]
    assert within(ranking.overall[team], 2) == LEADERBOARD[team].overall


def test_who_is_better_in_everything_comes_first():
    best = {metric: max(values[metric] for values in VALUES.values()) + 1 for metric in METRICS}
    ranking = rank_systems(VALUES | {"mine": best}, RANKS)
    assert next(iter(ranking.places)) == "mine"
    assert ranking.ranks["mine"]["PESQ"] == exactly(1) and ranking.ranks["WR"]["PESQ"] == exactly(2)


def test_a_metric_that_one_system_lacks_counts_for_none():
    values = {
        "a": {"PESQ": 2.0, "ESTOI": 0.9, "DNSMOS": 3.0, "SDR": 1.0},
        "b": {"PESQ": 3.0, "ESTOI": math.nan, "DNSMOS": 2.0},
        "c": {"PESQ": 1.0, "ESTOI": 0.8, "DNSMOS": 2.0},
    }
    ranking = rank_systems(values)
    assert ranking.metrics == ("DNSMOS", "PESQ")
    assert ranking.left_out["ESTOI"] == ["b"] and ranking.left_out["POLQA"] == ["a", "b", "c"]
    assert ranking.overall == {"a": exactly(1.5), "b": exactly(1.5), "c": exactly(2.5)}
    assert ranking.places == {"a": 1, "b": 1, "c": 2}
    assert overall_rows(ranking, {})[0] == ["", "place", "non-intrusive", "intrusive", "overall ↓"]


def test_nothing_in_common_is_an_error():
    with pytest.raises(UserError, match="no metric has values for all of a, b"):
        rank_systems({"a": {"PESQ": 1.0}, "b": {"ESTOI": 1.0}})
    with pytest.raises(UserError, match="no system"):
        rank_systems({})


def test_many_systems():
    ranking = rank_systems({str(number): {"PESQ": number / 100} for number in range(1000)})
    assert ranking.places["999"] == 1 and ranking.places["0"] == 1000


@given(st.lists(st.fixed_dictionaries({metric: VALUE for metric in METRICS}), min_size=2, max_size=6))
def test_better_everywhere_is_never_placed_behind(systems):
    ranking = rank_systems({str(number): values for number, values in enumerate(systems)} | VALUES, RANKS)
    for one, better in enumerate(systems):
        for other, worse in enumerate(systems):
            if all(better[metric] >= worse[metric] for metric in METRICS):
                assert ranking.places[str(one)] <= ranking.places[str(other)]
