"""Whose weights these are, through every form that a checkpoint can take."""

import zipfile

import pytest
import torch

from espnet_plugin import cli
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import save_official, save_safetensors
from espnet_plugin.pretrained.origin import FILE, read_origin
from espnet_plugin.semamba_pp.network import SEMambaPP
from tests.pretrained.published import OPTIONS, make_experiment, small_network


def convert(source, target):
    assert cli.main(["convert", str(source), str(target)]) == 0
    return target


def test_the_official_file_is_known_in_all_its_forms(tmp_path):
    save_official(tmp_path / "official.pth", SEMambaPP().state_dict())
    ours = convert(tmp_path / "official.pth", tmp_path / "ours.safetensors")
    assert read_origin(tmp_path / "official.pth") == read_origin(ours) == "semamba_pp"
    (tmp_path / "from the hub").mkdir()
    (tmp_path / "from the hub" / "semambapp.pth").touch()
    assert read_origin(tmp_path / "from the hub") == "semamba_pp"
    # The rest of the way with a network that takes less time.
    save_safetensors(ours, OPTIONS, small_network().state_dict(), "semamba_pp")
    pack = convert(ours, tmp_path / "pack.zip")
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "unpacked")
    for form in (pack, tmp_path / "unpacked", convert(pack, tmp_path / "again.safetensors")):
        assert read_origin(form) == "semamba_pp"


def test_gap_urgenet_is_known_in_all_its_forms(official, tmp_path):
    ours = convert(official, tmp_path / "ours.safetensors")
    pack = convert(ours, tmp_path / "pack.zip")
    back = convert(pack, tmp_path / "again.safetensors")
    for form in (official, official / "PostNet.pt", ours, pack, back):
        assert read_origin(form) == "gap_urgenet"


def test_own_weights_have_none(tmp_path):
    experiment = make_experiment(tmp_path / "exp")
    own = tmp_path / "own.safetensors"
    save_safetensors(own, OPTIONS, small_network().state_dict())
    for form in (experiment, experiment / "model.pth", own, convert(own, tmp_path / "own.zip")):
        assert read_origin(form) is None


def test_a_training_that_began_with_official_weights(tmp_path):
    experiment = make_experiment(tmp_path / "exp")
    (experiment / FILE).write_text("semamba_pp\n")
    for form in (experiment, experiment / "model.pth", convert(experiment, tmp_path / "tuned.safetensors")):
        assert read_origin(form) == "semamba_pp"


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_origin(tmp_path / "nothing.pth")
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        read_origin(tmp_path / "x.safetensors")
    torch.save({"other": torch.zeros(1)}, tmp_path / "x.pth")
    assert read_origin(tmp_path / "x.pth") is None
    (tmp_path / "wavlm").mkdir()
    (tmp_path / "wavlm" / "config.json").write_text("{}")
    assert read_origin(tmp_path / "wavlm") is None
