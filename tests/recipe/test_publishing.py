"""Stages 9 and 10 on an experiment as the stages before leave it."""

import zipfile

import pytest
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.recipe.publishing import pack_stage, upload_stage
from tests.pretrained.hub_stand_in import used_hub
from tests.pretrained.published import OPTIONS, make_experiment, small_network


@pytest.fixture
def experiment(tmp_path):
    return make_experiment(tmp_path / "small")


def member(archive, name):
    with zipfile.ZipFile(archive) as file:
        return file.read(name).decode()


def test_a_pack_is_made_once_and_again_when_results_change(experiment, capsys):
    archive = pack_stage(experiment)
    assert archive == experiment / "pack" / "small.zip" and "MB for ESPnet" in capsys.readouterr().out
    written = archive.stat().st_mtime_ns
    assert pack_stage(experiment) == archive and "already done" in capsys.readouterr().out
    assert archive.stat().st_mtime_ns == written
    (experiment / "RESULTS.md").write_text("# Better\n")
    pack_stage(experiment)
    assert member(archive, "RESULTS.md") == "# Better\n"
    (experiment / "README.md").write_text("# My own card\n")
    pack_stage(experiment)
    assert member(archive, "README.md") == "# My own card\n"
    archive.unlink()
    assert pack_stage(experiment).is_file()


def test_a_model_that_was_only_used_here(experiment, tmp_path):
    weights = tmp_path / "given.safetensors"
    save_safetensors(weights, OPTIONS, small_network().state_dict(), "semamba_pp")
    used = tmp_path / "used"
    (experiment / "scores").rename(tmp_path / "scores")
    used.mkdir()
    (tmp_path / "scores").rename(used / "scores")
    with pytest.raises(UserError, match="used holds no trained model; run stage 5.*--checkpoint"):
        pack_stage(used)
    archive = pack_stage(used, weights)
    assert yaml.safe_load(member(archive, "config.yaml"))["origin"] == "semamba_pp"
    card = member(archive, "README.md")
    assert "# used\n" in card and "| enhanced | 2.25 ± 0.25" in card and "## Training" not in card
    archive = pack_stage(used, experiment)  # trained in another folder
    assert "max_epoch" in member(archive, "config.yaml") and "| enhanced | 2.25" in member(
        archive, "README.md"
    )
    with pytest.raises(UserError, match="does not exist; run stage 6"):
        pack_stage(tmp_path / "nothing", weights)


def test_upload_packs_first_and_tells_what_it_did(experiment, monkeypatch, capsys):
    with used_hub(monkeypatch) as hub:
        upload_stage(experiment, "me/small", dry_run=True)
        told = capsys.readouterr().out
        assert "new" in told and "me/small would be created" in told and not hub.repositories
        upload_stage(experiment, "me/small", private=True)
        assert "me/small created: 6 of 6 files sent" in capsys.readouterr().out
        assert hub.repositories["me/small"].private
        upload_stage(experiment, "me/small")
        assert "up to date: all 6 files are the same, nothing was sent" in capsys.readouterr().out
        (experiment / "RESULTS.md").write_text("# Better\n")
        upload_stage(experiment, "me/small")
        assert "me/small updated: 1 of 6 files sent (RESULTS.md)" in capsys.readouterr().out
        upload_stage(experiment, "me/small", dry_run=True)
        assert "me/small exists, and 0 of 6 files would be sent" in capsys.readouterr().out
        hub.repositories["me/small"].put("Update RESULTS.md", {"RESULTS.md": b"theirs"})
        upload_stage(experiment, "me/small", dry_run=True)
        assert "this tool did not write RESULTS.md there" in capsys.readouterr().out
        hub.cut = "."
        upload_stage(experiment, "me/small", dry_run=True)
        assert "what differs is not known: the connection to" in capsys.readouterr().out


def test_upload_keeps_to_the_checkpoint_of_stage_9(tmp_path, monkeypatch):
    weights, used = tmp_path / "given.safetensors", tmp_path / "used"
    save_safetensors(weights, OPTIONS, small_network().state_dict())
    used.mkdir()
    pack_stage(used, weights)
    with used_hub(monkeypatch) as hub:
        upload_stage(used, "me/used")
    assert set(hub.repositories["me/used"].files) >= {"model.pth", "config.yaml", "meta.yaml", "README.md"}
