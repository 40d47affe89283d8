"""``urgent26 convert``: there and back, and nothing overwritten."""

import re

import pytest
import torch

from espnet_plugin import cli
from espnet_plugin.pretrained.gap_urgenet_names import PARTS
from espnet_plugin.pretrained.load import read_checkpoint, save_safetensors
from espnet_plugin.semamba_pp.network import SEMambaPP

SEMAMBA = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}


def convert(*arguments):
    return cli.main(["convert", *map(str, arguments)])


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif torch.is_tensor(one):
        assert torch.equal(one, other)
    else:
        assert one == other


def test_five_official_files_to_ours_and_back(official, tmp_path, capsys):
    assert convert(official, tmp_path / "gap.safetensors") == 0
    assert f"{tmp_path / 'gap.safetensors'}: " in capsys.readouterr().out
    assert convert(tmp_path / "gap.safetensors", tmp_path / "back") == 0
    names = sorted(f"{part.file}.pt" for part in PARTS.values())
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == names
    for path in official.iterdir():
        back = tmp_path / "back" / path.name
        assert_same(torch.load(path, weights_only=True), torch.load(back, weights_only=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "gap.safetensors", "official"]


def test_the_official_numbers_survive(shared, tmp_path):
    from tests.gap_urgenet.parity import write_official

    (tmp_path / "official").mkdir()
    write_official(shared, tmp_path / "official")
    assert convert(tmp_path / "official", tmp_path / "gap.safetensors") == 0
    assert convert(tmp_path / "gap.safetensors", tmp_path / "back") == 0
    for name in (part.file for part in PARTS.values()):
        files = (tmp_path / folder / f"{name}.pt" for folder in ("official", "back"))
        assert_same(*(torch.load(file, weights_only=True)["model"] for file in files))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("there.safetensors", "exists; add --force"),
        ("full", "exists; add --force"),
        ("gap.pth", "cannot write '.pth' files here.*without a suffix"),
        ("file", "is a file; choose another name"),
    ],
)
def test_targets_that_are_refused(official, tmp_path, capsys, target, words):
    (tmp_path / "there.safetensors").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "Adapter.pt").write_text("mine")
    before = sorted(path for path in tmp_path.rglob("*"))
    assert convert(official, tmp_path / target) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert re.search(words, line)
    assert sorted(path for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "full" / "Adapter.pt").read_text() == "mine"


def test_force_replaces_and_an_empty_folder_is_filled(official, tmp_path):
    (tmp_path / "empty").mkdir()
    assert convert(official, tmp_path / "empty") == 0
    (tmp_path / "empty" / "Adapter.pt").write_text("damaged")
    assert convert(official, tmp_path / "empty", "--force") == 0
    assert_same(
        *(torch.load(folder / "Adapter.pt", weights_only=True) for folder in (official, tmp_path / "empty"))
    )


def test_semamba_pp_between_its_forms(tmp_path, capsys):
    torch.manual_seed(0)
    network = SEMambaPP(**SEMAMBA)
    save_safetensors(tmp_path / "small.safetensors", SEMAMBA, network.state_dict())
    assert convert(tmp_path / "small.safetensors", tmp_path / "small.pth") == 0
    assert set(torch.load(tmp_path / "small.pth", weights_only=True)) == {"generator"}
    assert convert(tmp_path / "small.safetensors", tmp_path / "again.safetensors") == 0
    state = read_checkpoint(tmp_path / "again.safetensors").state
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())
    assert convert(tmp_path / "small.safetensors", tmp_path / "folder") == 2
    assert "*.pth" in capsys.readouterr().err
