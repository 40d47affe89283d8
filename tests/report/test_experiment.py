"""The recipe's experiments as a report."""

import json

import pytest

from espnet_plugin.audio.scp import write_scp
from espnet_plugin.errors import UserError
from espnet_plugin.report.experiment import read_experiments
from tests.report.conftest import MARKUP


@pytest.fixture
def recipe(tmp_path, recordings):
    """Folders as the recipe leaves them: sets `test` (scored) and `mine` (no references, not scored)."""
    usual = {
        track: {name: path for name, path in files.items() if name != MARKUP}
        for track, files in recordings.items()
    }
    for name, clean in (("mine", False), ("test", True), ("train", True), ("later", True)):
        folder = tmp_path / "data" / name
        write_scp(folder / "wav.scp", usual["noisy"])
        if clean:
            write_scp(folder / "spk1.scp", usual["clean"])
        record = {"finished": True, "settings": {"source": str(tmp_path)}}
        (folder / "format.stage.json").write_text(json.dumps(record))
    (tmp_path / "data" / "test" / "utt2lang").write_text("utt_1 deu\nutt_2 eng\n")
    for experiment, sets in (("small", ("test", "mine")), ("large", ("test",))):
        for name in sets:
            write_scp(tmp_path / "exp" / experiment / "enhanced" / name / "spk1.scp", usual["loud net"])
    for side, value in (("noisy", 1.5), ("enhanced", 2.5)):
        folder = tmp_path / "exp" / "small" / "scores" / "test" / side
        folder.mkdir(parents=True)
        (folder / "PESQ.scp").write_text(f"utt_1 {value}\n")
    return tmp_path


def test_all_test_sets_of_an_experiment(recipe):
    test, mine = read_experiments([recipe / "exp" / "small"])
    assert [one.name for one in (test, mine)] == ["test", "mine"]
    assert [track.name for track in test.tracks] == ["noisy", "small", "clean"] and mine.clean is None
    assert test.gain(test.systems[0], test.columns[0], "utt_1") == 1 and mine.columns == []
    assert test.groups == {"Language": {"deu": {"utt_1"}, "eng": {"utt_2"}}}
    assert test.noisy.files["utt_2"].is_file()


def test_several_experiments_side_by_side(recipe, monkeypatch):
    monkeypatch.chdir(recipe)
    test, mine = read_experiments(["exp/large", "exp/small"], "data")
    assert [track.name for track in test.systems] == ["large", "small"]
    assert test.systems[0].scores is None and test.noisy.scores is not None
    assert [track.name for track in mine.systems] == ["small"]


def test_what_is_no_experiment(recipe):
    with pytest.raises(UserError, match="none does not exist"):
        read_experiments([recipe / "none"])
    (recipe / "exp" / "empty").mkdir()
    with pytest.raises(UserError, match="stage 6"):
        read_experiments([recipe / "exp" / "empty"])
    with pytest.raises(UserError, match="--data_dir"):
        read_experiments([recipe / "exp" / "small"], recipe / "other")
