"""Order of GAP-URGENet's parts, where their frozen networks come from, and the whole in the end."""

import json
from pathlib import Path

import pytest
import torch
import yaml

import espnet_plugin
from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.gap_part import TRAINED_PREFIX
from espnet_plugin.pretrained.gap_urgenet import save_official
from espnet_plugin.recipe import training
from espnet_plugin.recipe.part_training import PARTS, train_parts
from espnet_plugin.training import parts as part_classes
from tests.gap_urgenet.tiny import OPTIONS, tiny_network


@pytest.fixture
def recipe(monkeypatch, repository, tmp_path):
    """A function that runs the stage with a stand-in for the trainings, which leaves their results."""
    network, calls = tiny_network(3), []

    def trained(config_file, data_dir, statistics_dir, experiment, *others, **options):
        config = load_config(config_file)
        calls.append((config["part"], config, options))
        if (experiment / "model.pth").is_file():
            return
        experiment.mkdir(parents=True)
        state = getattr(network, config["part"]).state_dict()
        torch.save({TRAINED_PREFIX + name: value for name, value in state.items()}, experiment / "model.pth")
        content = {"part": config["part"], "network_conf": OPTIONS}
        (experiment / "config.yaml").write_text(yaml.safe_dump(content))

    monkeypatch.setattr(training, "train_model", trained)
    configs = repository / "conf" / "train" / "gap_PART.yaml"

    def run(which, **options):
        calls.clear()
        options.setdefault("configs", configs)
        train_parts(which, options.pop("configs"), tmp_path, tmp_path, tmp_path / "exp", **options)
        return calls

    run.network = network
    return run


def test_all_in_order_each_from_what_the_ones_before_left(recipe, tmp_path, capsys):
    calls = recipe("all", teacher="random")
    assert tuple(part for part, _, _ in calls) == PARTS == tuple(part_classes.PARTS)
    exp = str(tmp_path / "exp")
    frozen = {part: config["frozen"] for part, config, _ in calls}
    assert frozen == {
        "encoder": {"teacher": "random"},
        "vocoder": {"encoder": "random"},
        "adapter": {"encoder": f"{exp}/encoder", "teacher": "random"},
        "predictor": {},
        "postnet": {name: f"{exp}/{name}" for name in ("encoder", "adapter", "vocoder", "predictor")},
    }
    # Found from wherever the training runs.
    degradations = {part: config.get("degradation") for part, config, _ in calls}
    assert degradations.pop("vocoder") is None
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in degradations.values())

    whole = espnet_plugin.load("gap_urgenet", tmp_path / "exp", device="cpu").network.state_dict()
    for name, value in recipe.network.state_dict().items():
        assert torch.equal(whole[name], value)
    assert "140,742 parameters" in capsys.readouterr().out
    before = (tmp_path / "exp" / "model.pth").stat().st_mtime_ns
    recipe("all", teacher="random")
    assert (tmp_path / "exp" / "model.pth").stat().st_mtime_ns == before
    assert "the whole model" not in capsys.readouterr().out
    assert json.loads((tmp_path / "exp" / "whole.stage.json").read_text())["finished"]


def test_one_alone_with_the_others_of_a_checkpoint(recipe, tmp_path):
    save_official(tmp_path / "official", tiny_network(4))
    calls = recipe("postnet", init=str(tmp_path / "official"))
    ((part, config, options),) = calls
    assert part == "postnet" and set(config["frozen"].values()) == {str(tmp_path / "official")}
    assert options["init"] == str(tmp_path / "official")
    whole = espnet_plugin.load("gap_urgenet", tmp_path / "exp", device="cpu").network
    for name, expected in (("postnet", recipe.network), ("encoder", tiny_network(4))):
        for key, value in getattr(expected, name).state_dict().items():
            assert torch.equal(getattr(whole, name).state_dict()[key], value)


def test_dewavlm_is_the_encoder_and_a_configuration_may_name_its_own_networks(recipe, tmp_path, repository):
    assert [part for part, _, _ in recipe("dewavlm", teacher="random")] == ["encoder"]
    base = repository / "conf" / "train" / "gap_vocoder.yaml"
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"base": str(base), "frozen": {"encoder": "somewhere"}}))
    ((_, config, _),) = recipe("vocoder", configs=mine)
    assert config["frozen"] == {"encoder": "somewhere"}


@pytest.mark.parametrize(
    "which, options, message",
    [
        ("encoder", {}, "the encoder learns from a WavLM-Large: give --teacher"),
        ("adapter", {"teacher": "random"}, "needs the encoder: run --train_part encoder first"),
        ("postnet", {}, "needs the encoder"),
        ("decoder", {}, "there is no part 'decoder'; choose all, dewavlm, encoder"),
        ("all", {"configs": Path("gap_postnet.yaml")}, "write PART where their names differ"),
    ],
)
def test_what_is_missing_is_named(recipe, which, options, message):
    with pytest.raises(UserError, match=message):
        recipe(which, **options)


def test_processes_of_a_launcher_train_one_part_per_start(recipe, monkeypatch, tmp_path):
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="one part per start: --train_part encoder and so on"):
        recipe("all", teacher="random")
    assert [part for part, _, _ in recipe("encoder", teacher="random")] == ["encoder"]
    assert not (tmp_path / "exp" / "model.pth").exists()


def test_a_configuration_of_another_part_is_refused(recipe, repository):
    with pytest.raises(UserError, match="gap_vocoder.yaml trains the part 'vocoder', not the predictor"):
        recipe("predictor", configs=repository / "conf" / "train" / "gap_vocoder.yaml")
