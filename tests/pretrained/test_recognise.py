"""What a checkpoint looks like, without reading its weights."""

import pytest
import torch
import yaml
from safetensors.torch import save_file

from espnet_plugin.pretrained.recognise import recognise


def experiment(folder, separator):
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump({"separator": separator}))
    (folder / "model.pth").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("separator", "model"),
    [
        *(("semamba_pp", "semamba_pp"), ("gap_urgenet", "gap_urgenet")),
        *(("bsrnn", "espnet"), ("gap_predictor", "espnet")),
    ],
)
def test_experiments(tmp_path, separator, model):
    assert recognise(experiment(tmp_path / "exp", separator)) == model


@pytest.mark.parametrize("model", ["semamba_pp", "gap_urgenet"])
def test_files_of_ours(tmp_path, model):
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", {"model": model})
    assert recognise(tmp_path / "a.safetensors") == model


def test_one_of_the_five_official_files_is_enough(tmp_path):
    (tmp_path / "Adapter.pt").write_bytes(b"")
    assert recognise(tmp_path) == "gap_urgenet"


def test_what_cannot_be_read_is_left_to_the_default_loader(tmp_path):
    (tmp_path / "damaged.safetensors").write_bytes(b"\0" * 5)
    (tmp_path / "damaged.zip").write_bytes(b"PK")
    (tmp_path / "empty").mkdir()
    damaged = ("damaged.safetensors", "damaged.zip", "empty")
    for name in ("nothing.pth", "nothing.safetensors", *damaged, "some/tag"):
        assert recognise(tmp_path / name) == "semamba_pp"
