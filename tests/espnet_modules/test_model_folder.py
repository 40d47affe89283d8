import hashlib
import os
import pickle

import pytest
import torch
import yaml
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.model_folder import load_weights, open_model


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "model"
    (folder / "exp" / "stats").mkdir(parents=True)
    (folder / "exp" / "stats" / "feats_stats.npz").write_bytes(b"numbers")
    (folder / "exp" / "model.pth").write_bytes(b"weights")
    config = {
        "normalize_conf": {"stats_file": "exp/stats/feats_stats.npz"},
        "noise": [["exp/./stats/feats_stats.npz", "dump/elsewhere.scp"]],
        "token_list": ["<blank>", "yes", "1_000", "0x1", "▁ä", "1e-05"],
        "lr": 1e-05,
        "init": "chainer",
    }
    (folder / "exp" / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    meta = {
        "files": {"s2t_model_file": "exp/model.pth"},
        "yaml_files": {"s2t_train_config": "exp/config.yaml"},
    }
    (folder / "meta.yaml").write_text(yaml.safe_dump(meta), encoding="utf-8")
    return folder


def test_files_of_the_folder_get_absolute_names_and_nothing_else_changes(tree):
    before = _hashes(tree)
    with open_model(tree) as (config_path, weights_path):
        config = yaml.safe_load(config_path.read_text(encoding="utf-8"))
    assert weights_path == tree / "exp" / "model.pth"
    statistics = str(tree / "exp" / "stats" / "feats_stats.npz")
    assert config == {
        "normalize_conf": {"stats_file": statistics},
        "noise": [[statistics, "dump/elsewhere.scp"]],
        "token_list": ["<blank>", "yes", "1_000", "0x1", "▁ä", "1e-05"],
        "lr": 1e-05,
        "init": None,
    }
    assert not config_path.exists()
    assert _hashes(tree) == before


def test_a_relative_folder_works_from_elsewhere(tree, monkeypatch):
    monkeypatch.chdir(tree.parent)
    with open_model(tree.relative_to(tree.parent)) as (config_path, weights_path):
        config = yaml.safe_load(config_path.read_text(encoding="utf-8"))
    assert weights_path.is_absolute() and os.path.isabs(config["normalize_conf"]["stats_file"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("meta.yaml", None, "meta.yaml"),
        ("meta.yaml", "- a list", "no mapping"),
        ("meta.yaml", "{broken", "damaged"),
        ("meta.yaml", "files: {}\nyaml_files: {s2t_train_config: exp/config.yaml}", "model_file"),
        ("meta.yaml", "files: {model_file: [1]}\nyaml_files: {train_config: exp/config.yaml}", "model_file"),
        (
            "meta.yaml",
            "files: {model_file: ../model.pth}\nyaml_files: {train_config: exp/config.yaml}",
            "not there",
        ),
        ("exp/model.pth", None, "model.pth is not there"),
        ("exp/config.yaml", None, "config.yaml is not there"),
        ("exp/config.yaml", "!!python/object/apply:os.system ['false']", "damaged"),
    ],
)
def test_unfit_folders_are_named(tree, name, content, words):
    (tree.parent / "model.pth").write_bytes(b"outside")
    if content is None:
        (tree / name).unlink()
    else:
        (tree / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        with open_model(tree):
            pass


def test_what_fails_while_building_is_the_folders_fault(tree):
    with pytest.raises(UserError, match="config.yaml is not .* KeyError: 'encoder'"):
        with open_model(tree):
            raise KeyError("encoder")


class Renamed(nn.Linear):
    """A module that, as some of ESPnet's, knows an earlier name of its tensor."""

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        if f"{prefix}old_weight" in state_dict:
            state_dict[f"{prefix}weight"] = state_dict.pop(f"{prefix}old_weight")
        super()._load_from_state_dict(state_dict, prefix, *rest)


def test_names_are_compared_after_the_modules_own_renaming(tmp_path):
    model = nn.Sequential(Renamed(2, 3))
    torch.save({"0.old_weight": torch.ones(3, 2), "0.bias": torch.zeros(3)}, tmp_path / "model.pth")
    load_weights(model, tmp_path / "model.pth")
    assert torch.equal(model[0].weight, torch.ones(3, 2))


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"weight": torch.ones(3, 2)}, "1 missing .first: bias."),
        ({"weight": torch.ones(3, 2), "bias": torch.ones(3), "extra": torch.ones(1)}, "1 unexpected"),
        ({"weight": torch.ones(2, 2), "bias": torch.ones(3)}, "size mismatch for weight"),
    ],
)
def test_every_tensor_must_fit(tmp_path, tensors, words):
    torch.save(tensors, tmp_path / "model.pth")
    with pytest.raises(UserError, match=words):
        load_weights(nn.Linear(2, 3), tmp_path / "model.pth")


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def plain_pickle(content, path):
    path.write_bytes(pickle.dumps(content, protocol=2))


@pytest.mark.parametrize("write", [torch.save, plain_pickle])
def test_a_file_with_code_is_refused_and_does_nothing(tmp_path, write):
    write({"weight": Trap(tmp_path / "sprung")}, tmp_path / "model.pth")
    with pytest.raises(UserError, match="damaged or no model file"):
        load_weights(nn.Linear(2, 3), tmp_path / "model.pth")
    assert not (tmp_path / "sprung").exists()


def _hashes(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
