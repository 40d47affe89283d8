"""Packs: ESPnet's layout, the same bytes for the same model, and nothing of the machine that packed it."""

import os
import shutil
import socket
import zipfile

import pytest
import torch
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import read_checkpoint
from espnet_plugin.pretrained.zoo_model import Released, of_network, read_released
from espnet_plugin.pretrained.zoo_pack import pack_experiment, pack_model
from tests.pretrained.published import OPTIONS, PICTURE, make_experiment, small_network


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return make_experiment(tmp_path_factory.mktemp("exp") / "small")


def members(pack):
    with zipfile.ZipFile(pack) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_the_layout_of_espnets_zoo(experiment, tmp_path):
    pack = pack_experiment(experiment, tmp_path / "small.zip")
    files = members(pack)
    expected = {
        "meta.yaml",
        "config.yaml",
        "model.pth",
        "README.md",
        "RESULTS.md",
        "images/training_curve.png",
    }
    assert set(files) == expected and len(files) == 6
    meta = yaml.safe_load(files["meta.yaml"])
    assert meta["files"] == {"model_file": "model.pth"} and meta["yaml_files"] == {
        "train_config": "config.yaml"
    }
    assert {"torch", "espnet", "python", "timestamp"} < set(meta)
    assert files["model.pth"] == (experiment / "model.pth").read_bytes()
    assert files["images/training_curve.png"] == PICTURE
    config = yaml.safe_load(files["config.yaml"])
    assert config["separator_conf"] == OPTIONS and config["max_epoch"] == 2
    found = read_checkpoint(pack)
    assert found.options == OPTIONS
    assert all(torch.equal(found.state[name], value) for name, value in small_network().state_dict().items())


def test_the_same_bytes_elsewhere_and_later(experiment, tmp_path, monkeypatch):
    first = pack_experiment(experiment, tmp_path / "first.zip").read_bytes()
    elsewhere = tmp_path / "other place"
    shutil.copytree(experiment.parent, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1e9, 1e9))
    # The copy's configuration still names the data of the original, and its results the paths.
    monkeypatch.chdir(elsewhere)
    assert pack_experiment(elsewhere / "small", tmp_path / "second.zip").read_bytes() == first


def test_networks_are_packed_to_the_same_bytes_too(tmp_path):
    packs = [
        pack_model(
            of_network(Released("semamba_pp", OPTIONS, small_network(), 16000)), tmp_path / name / "x.zip"
        )
        for name in ("one", "two")
    ]
    assert packs[0].read_bytes() == packs[1].read_bytes()
    assert set(members(packs[0])) == {"meta.yaml", "config.yaml", "model.pth", "README.md"}


def test_nothing_tells_about_the_machine(experiment, tmp_path, monkeypatch):
    home = experiment.parent
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(socket, "gethostname", lambda: "node-17")
    monkeypatch.chdir(home)
    card = experiment / "README.md"
    card.write_text(f"---\nlicense: mit\n---\nMade on node-17 in {experiment}, see ~/notes/x and /etc/y.\n")
    try:
        files = members(pack_experiment(experiment, tmp_path / "small.zip"))
    finally:
        card.unlink()
    assert files["README.md"] == b"---\nlicense: mit\n---\nMade on HOST in small, see x and y.\n"
    for name, content in files.items():
        for trace in (home, experiment, tmp_path, "/tmp", "node-17"):
            assert str(trace).encode() not in content, (name, trace)
    assert b"./run.sh --extra_test a=noisy\\,my\\ clean" in files["RESULTS.md"]
    assert yaml.safe_load(files["config.yaml"])["preprocessor_conf"] == {
        "list": ["y z", "a"],
        "noise_scp": "noise.scp",
    }


def test_gap_urgenet_carries_its_notice(official, tmp_path):
    files = members(pack_model(of_network(read_released(official)), tmp_path / "gap.zip"))
    notice = files["LICENSE"].decode()
    assert notice.startswith("MIT License") and "Permission is hereby granted" in notice
    assert "authors of GAP-URGENet" in notice
    assert yaml.safe_load(files["config.yaml"])["origin"] == "gap_urgenet"
    assert b"license: mit\n" in files["README.md"]


def test_mistakes(experiment, tmp_path):
    with pytest.raises(UserError, match="must end with .zip"):
        pack_experiment(experiment, tmp_path / "small.tar")
    (tmp_path / "there.zip").write_text("mine")
    with pytest.raises(UserError, match="exists; choose another name or use --force"):
        pack_experiment(experiment, tmp_path / "there.zip")
    assert (tmp_path / "there.zip").read_text() == "mine"
    with pytest.raises(UserError, match="config.yaml does not exist|model.pth does not exist"):
        pack_experiment(tmp_path, tmp_path / "x.zip")
    shutil.copytree(experiment, tmp_path / "broken")
    (tmp_path / "broken" / "config.yaml").write_text("a: [")
    with pytest.raises(UserError, match="config.yaml"):
        pack_experiment(tmp_path / "broken", tmp_path / "x.zip")
    assert not list(tmp_path.glob(".*"))
