"""Edit distance: against the textbook recursion, and counts that fit together."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring.edit_distance import Edits, count_edits

words = st.lists(st.sampled_from(["ja", "nein", "gut", "sehr"]), max_size=9)


@pytest.mark.parametrize(
    ("reference", "estimate", "edits"),
    [
        ("", "", Edits(0, 0, 0, 0)),
        ("", "ab", Edits(0, 0, 2, 0)),
        ("ab", "", Edits(0, 2, 0, 0)),
        ("kitten", "sitting", Edits(2, 0, 1, 4)),
        ("abc", "bcd", Edits(0, 1, 1, 2)),
        (["guten", "tag"], ["guten", "abend", "tag"], Edits(0, 0, 1, 2)),
    ],
)
def test_known_distances(reference, estimate, edits):
    assert count_edits(reference, estimate) == edits


@given(words, words)
def test_fewest_edits_and_fitting_counts(reference, estimate):
    @functools.cache
    def distance(i, j):
        if not (i and j):
            return i + j
        same = distance(i - 1, j - 1) + (reference[i - 1] != estimate[j - 1])
        return min(same, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    edits = count_edits(reference, estimate)
    assert edits.total == distance(len(reference), len(estimate))
    assert edits.reference_length == len(reference)
    assert edits.substitutions + edits.insertions + edits.hits == len(estimate)
    assert min(edits.substitutions, edits.deletions, edits.insertions, edits.hits) >= 0


def test_a_page_of_text():
    text = "Die Katze sitzt auf dem Dach. " * 40
    changed = text.replace("Katze", "Tatze").replace(" auf", "")
    assert count_edits(text, changed) == Edits(40, 160, 0, len(text) - 200)
