"""Tracks of a set, and how systems are named on the command line."""

import math

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.report.listening_set import ListeningSet, Track, parse_system


def test_order_of_names_and_of_tracks(small_set):
    assert small_set.identifiers[-5:] == ["utt_1", "utt_2", "utt_10", "utt_11", "utt_20"]
    assert [track.name for track in small_set.tracks] == ["noisy", "loud net", "quiet gate", "clean"]


def test_gain_follows_the_direction_of_the_metric(small_set):
    columns = {column.name: column for column in small_set.columns}
    system, noisy = small_set.systems[0], small_set.noisy
    assert small_set.gain(system, columns["PESQ"], "utt_1") == 1
    lower = system.value("LSD", "utt_1") - noisy.value("LSD", "utt_1")
    assert small_set.gain(system, columns["LSD"], "utt_1") == -lower
    assert math.isnan(small_set.gain(small_set.systems[1], columns["PESQ"], "utt_1"))


def test_what_is_missing_is_told(small_set):
    assert small_set.remarks() == [f"quiet gate lacks 1 of 6 recordings: {small_set.identifiers[0]}"]


def test_systems_need_names_of_their_own(small_set):
    with pytest.raises(UserError, match="'one'"):
        ListeningSet("x", small_set.noisy, (Track("one", {}), Track("one", {})))


def test_system_with_a_comma_in_its_path(recordings, tmp_path):
    folder, scores = tmp_path / "loud net, old", tmp_path / "scores, new"
    (tmp_path / "loud net").rename(folder)
    scores.mkdir()
    (scores / "PESQ.scp").write_text("0 1.5\n")
    plain = parse_system(f"mine={folder}")
    assert plain.name == "mine" and len(plain.files) == 6 and plain.scores is None
    scored = parse_system(f" b ={folder},{scores}")
    assert scored.name == "b" and scored.value("PESQ", "0") == 1.5


@pytest.mark.parametrize(
    "argument, words",
    [
        ("folder", "NAME=AUDIO"),
        ("=folder", "NAME=AUDIO"),
        ("noisy=folder", "choose another"),
        ("a=nowhere,scores", "nowhere does not exist"),
        ("a={here},nowhere", "nowhere does not exist"),
    ],
)
def test_what_names_no_system(argument, words, tmp_path):
    with pytest.raises(UserError, match=words):
        parse_system(argument.format(here=tmp_path))
