from pathlib import Path

import pytest

from espnet_plugin.corpora.corpus import Item, Source
from espnet_plugin.corpora.id_lists import IdLists, read_id_lists
from espnet_plugin.corpora.splits import first_eighth_per_rate, first_speakers, sets_of_speech
from espnet_plugin.errors import UserError


def source(uid, speaker="", rate_hz=16000, split=None):
    return Source(Item(uid, Path(uid), split, speaker, language="eng"), "any", Path(uid), rate_hz, 100)


def test_first_speakers_count_by_their_first_utterance():
    # Speaker 3 comes second, by b2; so all of 3 is held out, wherever it stands.
    sources = [source("a1", "9"), source("b2", "3"), source("c3", "1"), source("z9", "3"), source("d4", "9")]
    splits = first_speakers(sources[::-1], 2)
    assert {uid for uid, split in splits.items() if split == "validation"} == {"a1", "d4", "b2", "z9"}
    assert splits["c3"] == "train"


def test_an_eighth_of_each_rate():
    sources = [source(f"n{number:02d}", rate_hz=rate) for rate in (8000, 48000) for number in range(20)]
    sources = [source(f"{s.rate_hz}_{s.uid}", rate_hz=s.rate_hz) for s in sources]
    splits = first_eighth_per_rate(sources[::-1])
    held_out = sorted(uid for uid, split in splits.items() if split == "validation")
    assert held_out == ["48000_n00", "48000_n01", "8000_n00", "8000_n01"] and len(splits) == 40


def items(train, validation, undecided=0):
    counts = {"train": train, "validation": validation, None: undecided}
    return [
        Item(f"{split}{number}", Path("x"), split, language="deu")
        for split, count in counts.items()
        for number in range(count)
    ]


def count(sets, name):
    return sum(value == name for value in sets.values())


def test_without_lists_a_third_at_most_is_for_tests():
    sets = sets_of_speech("mls", items(5, 1000), IdLists())
    assert [count(sets, name) for name in ("train", "valid", "test")] == [5, 200, 100]
    sets = sets_of_speech("mls", items(5, 9), IdLists())
    assert [count(sets, name) for name in ("train", "valid", "test")] == [5, 6, 3]
    assert sets_of_speech("mls", items(5, 9)[::-1], IdLists()) == sets


def test_each_language_counts_for_itself():
    french = [Item(f"f{number}", Path("x"), "validation", language="fra") for number in range(6)]
    both = items(0, 300) + french
    sets = sets_of_speech("mls", both, IdLists())
    assert count(sets, "valid") == 204 and count(sets, "test") == 102


def test_the_lists_of_the_challenge_decide():
    ids = IdLists(frozenset({"train1", "None0"}), frozenset({"validation3", "None1"}))
    sets = sets_of_speech("dns5_speech", items(4, 9, 4), ids)
    assert {uid for uid, name in sets.items() if name == "train"} == {"train1", "None0"}
    assert {uid for uid, name in sets.items() if name == "valid"} == {"validation3", "None1"}
    assert count(sets, "test") == 8 and count(sets, None) == 0
    # A rule of the corpus does not come in between.
    assert sets_of_speech("dns5_speech", items(0, 0, 1), ids, {"None0": "validation"}) == {"None0": "train"}


def test_undecided_files_are_decided_later():
    files = items(0, 0, 4)
    assert sets_of_speech("dns5_speech", files, IdLists()) == {item.uid: None for item in files}
    splits = {"None0": "train", "None1": "validation", "None2": "train"}
    sets = sets_of_speech("dns5_speech", files, IdLists(train=frozenset({"None2"})), splits)
    assert sets == {"None2": "train", "None1": "valid"}


def test_reads_what_is_there(tmp_path):
    assert read_id_lists(None) == IdLists()
    with pytest.raises(UserError, match="holds none of train_urgent2026"):
        read_id_lists(tmp_path)
    (tmp_path / "train_selected_700h").write_text("a1\nb2 48000 somewhere\n\n")
    ids = read_id_lists(tmp_path)
    assert not ids.complete and ids.train == {"a1", "b2"}
    assert ids.holds_train("esd", "0001_000001") and not ids.holds_train("vctk", "p225_001")
    (tmp_path / "train_urgent2026").write_text("c3\n")
    (tmp_path / "validation_selected").write_text("d4\n")
    ids = read_id_lists(tmp_path)
    assert ids.complete and not ids.holds_train("esd", "0001_000001")
    assert [ids.split_of(uid) for uid in ("c3", "d4", "a1")] == ["train", "validation", None]
