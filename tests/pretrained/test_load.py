"""Loading in every format, and refusing what does not fit."""

import zipfile

import numpy as np
import pytest
import torch
import yaml

import espnet_plugin
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import load_strictly, read_checkpoint, save_official, save_safetensors
from espnet_plugin.pretrained.semamba_pp import refuse_variants
from espnet_plugin.semamba_pp.network import SEMambaPP

TOY = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SEMambaPP(**TOY)


@pytest.fixture(scope="module")
def official_file(tmp_path_factory):
    """A full-size file of the official layout."""
    path = tmp_path_factory.mktemp("official") / "semambapp.pth"
    torch.manual_seed(0)
    save_official(path, SEMambaPP().state_dict())
    return path


def espnet_state(network):
    return {f"separator.network.{name}": tensor for name, tensor in network.state_dict().items()}


def write_experiment(folder, network):
    folder.mkdir()
    torch.save(espnet_state(network), folder / "model.pth")
    config = {"encoder": "same", "decoder": "same", "separator": "semamba_pp", "separator_conf": TOY}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def assert_same(loaded, network):
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor)


def test_official_file(official_file):
    model = espnet_plugin.load("semamba_pp", official_file, device="cpu")
    assert sum(parameter.numel() for parameter in model.network.parameters()) == 2_655_521
    assert torch.load(official_file, weights_only=True).keys() == {"generator"}
    old = espnet_plugin.load("semamba_pp", official_file, device="cpu", wiring="old")
    assert old.network.blocks[0].wiring == "old"


def test_safetensors(network, tmp_path):
    save_safetensors(tmp_path / "toy.safetensors", TOY, network.state_dict())
    assert_same(espnet_plugin.load("semamba_pp", tmp_path / "toy.safetensors", device="cpu"), network)


def test_safetensors_of_a_variant_whose_levels_share_weights(tmp_path):
    options = {**TOY, "scales": ["time", "time"], "frequency": "serial"}
    network = SEMambaPP(**options)
    save_safetensors(tmp_path / "variant.safetensors", options, network.state_dict())
    loaded = espnet_plugin.load("semamba_pp", tmp_path / "variant.safetensors", device="cpu")
    assert_same(loaded, network)
    first, second, _ = loaded.network.blocks[0].levels
    assert second.frequency.global_path is first.frequency.global_path


def test_variants_have_no_official_layout():
    refuse_variants({**TOY, "paths": "parallel", "scales": None})
    with pytest.raises(UserError, match="no place for paths, scales; write a .safetensors"):
        refuse_variants({**TOY, "paths": "sequential", "scales": ["none", "none"]})


def test_experiment_folder_and_its_file(network, tmp_path):
    write_experiment(tmp_path / "exp", network)
    for checkpoint in (tmp_path / "exp", tmp_path / "exp" / "model.pth"):
        assert_same(espnet_plugin.load("semamba_pp", checkpoint, device="cpu"), network)


def test_pack(network, tmp_path):
    write_experiment(tmp_path / "exp", network)
    meta = {"files": {"model_file": "exp/model.pth"}, "yaml_files": {"train_config": "exp/config.yaml"}}
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        archive.writestr("meta.yaml", yaml.safe_dump(meta))
        for name in ("config.yaml", "model.pth"):
            archive.write(tmp_path / "exp" / name, f"exp/{name}")
    assert_same(espnet_plugin.load("semamba_pp", tmp_path / "toy.zip", device="cpu"), network)


def test_a_downloaded_repository_may_not_point_outside(network, tmp_path):
    write_experiment(tmp_path / "exp", network)
    meta = {"files": {"model_file": "../secret.pth"}, "yaml_files": {"train_config": "config.yaml"}}
    (tmp_path / "exp" / "meta.yaml").write_text(yaml.safe_dump(meta))
    with pytest.raises(UserError, match="outside of its folder"):
        read_checkpoint(tmp_path / "exp")


def test_what_does_not_fit_is_named(network):
    state = network.state_dict()
    name = "encoder.expand.norm.weight"
    for change, words in (
        ({k: v for k, v in state.items() if k != name}, f"1 tensors missing \\({name}\\)"),
        (state | {"surplus": torch.zeros(1)}, r"1 tensors unknown \(surplus\)"),
        (state | {name: torch.zeros(9)}, f"1 tensors of another shape \\({name}\\)"),
    ):
        with pytest.raises(UserError, match=words):
            load_strictly(network, change, "x.pth")


def malicious(path):
    import pickle

    path.write_bytes(pickle.dumps({"generator": Exploit()}))


class Exploit:
    """Would run code if a checkpoint were unpickled without care."""

    def __reduce__(self):
        return (print, ("this must never be printed",))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("hello"), "refused|cannot be read|damaged"),
        (lambda path: path.write_text("hi\n"), "damaged or no checkpoint"),
        (lambda path: path.write_bytes(b""), "damaged or no checkpoint"),
        (malicious, "refused|cannot be read|damaged"),
        (lambda path: torch.save([1, 2], path), "holds a list"),
        (lambda path: torch.save({"a.weight": torch.zeros(1)}, path), "no SEMamba\\+\\+ checkpoint"),
        (lambda path: torch.save({"generator": {"a": torch.zeros(1)}}, path), "849 tensors missing"),
    ],
)
def test_wrong_files(make, words, tmp_path, capsys):
    path = tmp_path / "model.pth"
    make(path)
    with pytest.raises(UserError, match=words):
        espnet_plugin.load("semamba_pp", path, device="cpu")
    assert "never be printed" not in capsys.readouterr().out


def test_another_model(network, tmp_path):
    write_experiment(tmp_path / "exp", network)
    (tmp_path / "exp" / "config.yaml").write_text("separator: tfgridnetv3\n")
    with pytest.raises(UserError, match="another model \\(separator: tfgridnetv3\\)"):
        espnet_plugin.load("semamba_pp", tmp_path / "exp", device="cpu")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "demucs"}, "unknown model 'demucs'"),
        ({"device": "cuda:7"}, "no device"),
        ({"device": "abacus"}, "unknown device"),
        ({"dtype": "int8"}, "unknown dtype"),
        ({"speed": 2}, "unknown option 'speed'"),
        ({"window_s": 1.0, "overlap_s": 1.0}, "shorter than the window"),
        ({"wiring": "new"}, "unknown wiring"),
    ],
)
def test_wrong_arguments(network, tmp_path, arguments, words):
    save_safetensors(tmp_path / "toy.safetensors", TOY, network.state_dict())
    arguments = {"name": "semamba_pp", "checkpoint": tmp_path / "toy.safetensors", "device": "cpu"} | arguments
    with pytest.raises(UserError, match=words):
        espnet_plugin.load(**arguments)


def test_loading_is_exact_for_a_wave(network, tmp_path):
    """The loaded model is the saved one: same output for the same wave."""
    save_safetensors(tmp_path / "toy.safetensors", TOY, network.state_dict())
    wave = np.random.default_rng(0).standard_normal(4000).astype(np.float32) * 0.1
    first, second = (
        espnet_plugin.load("semamba_pp", tmp_path / "toy.safetensors", device="cpu").enhance(wave, 16000)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
