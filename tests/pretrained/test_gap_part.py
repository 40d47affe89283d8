"""One network out of every file that holds it, WavLM as others keep it, and five networks put together."""

import dataclasses
import json

import pytest
import torch
import yaml
from transformers import WavLMForCTC

from espnet_plugin.cli import main
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.gap_part import join, read_part
from espnet_plugin.pretrained.gap_urgenet import load_network, save_official, save_pack, to_official
from espnet_plugin.pretrained.gap_urgenet_names import PARTS
from espnet_plugin.pretrained.recognise import recognise
from espnet_plugin.pretrained.zoo_model import of_network, read_released
from espnet_plugin.pretrained.zoo_pack import pack_model
from tests.gap_urgenet.tiny import tiny_network


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.fixture(scope="module")
def files(tmp_path_factory, network):
    """The same network in all forms."""
    folder = tmp_path_factory.mktemp("files")
    save_official(folder / "official", network)
    save_pack(folder / "pack.safetensors", network)
    zoo = of_network(read_released(folder / "pack.safetensors"))
    pack_model(zoo, folder / "pack.zip")
    (folder / "experiment").mkdir()
    (folder / "experiment" / "config.yaml").write_text(yaml.safe_dump(zoo.config))
    zoo.write_weights(folder / "experiment" / "model.pth")
    return folder


def assert_same(found, expected):
    found, expected = found.state_dict(), expected.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


def as_lists(options):
    return json.loads(json.dumps(options))


@pytest.mark.parametrize("form", ["official", "pack.safetensors", "pack.zip", "experiment", "file"])
def test_each_part_of_each_form(form, files, network):
    for name, part in PARTS.items():
        path = files / "official" / f"{part.file}.pt" if form == "file" else files / form
        found = read_part(name, path)
        assert_same(found.network, getattr(network, name))
        assert as_lists(found.options) == as_lists(network.options[name])
        assert not found.network.training


@pytest.mark.parametrize("form", ["present", "with a head", "old names"])
def test_wavlm_of_transformers(form, network, tmp_path):
    wavlm = network.encoder.wavlm
    if form == "with a head":
        model = WavLMForCTC(wavlm.config)
        model.wavlm.load_state_dict(wavlm.state_dict())
        model.save_pretrained(tmp_path)
    else:
        wavlm.save_pretrained(tmp_path)
    if form == "old names":
        (tmp_path / "model.safetensors").unlink()
        state = wavlm.state_dict()
        for kind, number in (("g", 0), ("v", 1)):
            where = "encoder.pos_conv_embed.conv"
            state[f"{where}.weight_{kind}"] = state.pop(f"{where}.parametrizations.weight.original{number}")
        torch.save(state, tmp_path / "pytorch_model.bin")
    assert_same(read_part("encoder", tmp_path).network, network.encoder)


def test_wavlm_of_microsoft(network, tmp_path):
    state, cfg = to_official(network)["encoder"]
    path = tmp_path / "WavLM-Large.pt"
    torch.save({"cfg": cfg | {"dropout": 0.0, "encoder_layerdrop": 0.0}, "model": state}, path)
    assert_same(read_part("encoder", path).network, network.encoder)


def test_other_networks_of_transformers_are_refused(network, tmp_path):
    network.encoder.wavlm.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())

    def refusal(**changes):
        (tmp_path / "config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(UserError) as raised:
            read_part("encoder", tmp_path)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    assert "feat_extract_norm is 'group', not 'layer'; take microsoft/wavlm-large" in refusal(
        feat_extract_norm="group"
    )
    assert "does not fit the network that it describes: " in refusal(hidden_size=48)
    assert "is damaged" in refusal(conv_dim=None)
    (tmp_path / "model.safetensors").unlink()
    assert "model.safetensors or pytorch_model.bin is missing" in refusal()


def test_five_to_one_and_back(files, network, tmp_path, capsys):
    parts = {name: files / "official" / f"{part.file}.pt" for name, part in PARTS.items()}
    parts |= {"adapter": files / "pack.safetensors", "predictor": files / "experiment"}
    command = ["convert", str(tmp_path / "whole.safetensors"), "--parts"]
    command += [f"{name}={path}" for name, path in parts.items()]
    assert main(command) == 0
    assert_same(load_network(tmp_path / "whole.safetensors"), network)
    assert main(["convert", str(tmp_path / "whole.safetensors"), str(tmp_path / "five")]) == 0
    for part in PARTS.values():
        folders = (tmp_path / "five", files / "official")
        mine, theirs = (torch.load(folder / f"{part.file}.pt", weights_only=True) for folder in folders)
        assert mine["cfg"] == theirs["cfg"] and mine["model"].keys() == theirs["model"].keys()
        assert all(torch.equal(mine["model"][key], value) for key, value in theirs["model"].items())
    capsys.readouterr()
    for arguments, message in (
        (command[:-1], "the postnet is missing; add postnet=CHECKPOINT"),
        ([*command, "colour=x"], "no part 'colour'"),
        (command[:2], "give one source, or --parts"),
        ([*command[:1], "a", *command[1:]], "give one source, or --parts"),
    ):
        assert main([*arguments, "--force"]) == 2
        assert message in capsys.readouterr().err


def test_parts_that_do_not_go_together_are_named(files):
    parts = {name: read_part(name, files / "official") for name in PARTS}
    for name, options, message in (
        ("adapter", {"in_channels": 16}, r"Adapter.pt does not belong to .*DeWavLM-Omni.pt.*16.*24"),
        ("vocoder", {"in_channels": 16}, r"Vocoder.pt does not belong to .*Adapter.pt"),
        ("vocoder", {"hop": 256}, r"Vocoder.pt: .*256 samples of a frame"),
        ("postnet", {"inputs": 1}, r"PostNet.pt does not belong to .*Predictor.pt"),
    ):
        changed = dataclasses.replace(parts[name], options=parts[name].options | options)
        with pytest.raises(UserError, match=message):
            join({**parts, name: changed})
    with pytest.raises(UserError, match="vocoder is not given"):
        join({name: part for name, part in parts.items() if name != "vocoder"})
    with pytest.raises(UserError, match="weights of Adapter.pt, not of Vocoder.pt"):
        read_part("vocoder", files / "official" / "Adapter.pt")


def test_the_training_of_one_part_is_no_whole_model(tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"separator": "rnn", "part": "vocoder"}))
    torch.save({}, tmp_path / "model.pth")
    with pytest.raises(UserError, match="GAP-URGENet's training 'vocoder' alone; name the folder above"):
        load_network(tmp_path)
    with pytest.raises(UserError, match="is the training 'vocoder' and holds no adapter"):
        read_part("adapter", tmp_path)
    assert recognise(tmp_path) == "gap_urgenet"


def test_two_networks_that_were_trained_together(network, tmp_path):
    content = {"part": "joint", "network_conf": network.options}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(content))))
    both = {"vocoder": network.vocoder, "postnet": network.postnet}
    states = {name: one.state_dict() for name, one in both.items()}
    state = {f"part.network.{name}.{key}": value for name in both for key, value in states[name].items()}
    torch.save(state, tmp_path / "model.pth")
    for name, one in both.items():
        assert_same(read_part(name, tmp_path).network, one)
    with pytest.raises(UserError, match="is the training 'joint' and holds no adapter"):
        read_part("adapter", tmp_path)
    del state["part.network.postnet.net.enter.bias"]
    torch.save(state, tmp_path / "model.pth")
    with pytest.raises(UserError, match="1 tensors missing .net.enter.bias"):
        read_part("postnet", tmp_path)
