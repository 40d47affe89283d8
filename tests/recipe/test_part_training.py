"""Order of GAP-URGENet's parts, where their frozen networks come from, and the whole in the end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

import espnet_plugin
from espnet_plugin.cli import main
from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.train_stage import checkpoint_identity
from espnet_plugin.pretrained.gap_part import trained_prefix
from espnet_plugin.pretrained.gap_urgenet import save_official
from espnet_plugin.recipe import training
from espnet_plugin.recipe.part_training import PARTS, train_parts
from espnet_plugin.training import parts as part_classes
from tests.gap_urgenet.tiny import OPTIONS, tiny_network


@pytest.fixture
def recipe(monkeypatch, repository, tmp_path):
    """A function that runs the stage with a stand-in for the trainings, which leaves their results."""
    network, together, calls = tiny_network(3), tiny_network(5), []

    def trained(config_file, data_dir, statistics_dir, experiment, *others, **options):
        config = load_config(config_file)
        calls.append((config["part"], config, options))
        if (experiment / "model.pth").is_file():
            return
        experiment.mkdir(parents=True)
        part, source, state = config["part"], network if config["part"] in PARTS else together, {}
        for name in part_classes.networks_of(part):
            own = getattr(source, name).state_dict()
            state |= {trained_prefix(part, name) + key: value for key, value in own.items()}
        torch.save(state, experiment / "model.pth")
        content = {"part": part, "network_conf": OPTIONS}
        (experiment / "config.yaml").write_text(yaml.safe_dump(content))
        start = checkpoint_identity(options["init"]) if options.get("init") else None
        (experiment / "training.json").write_text(json.dumps({"config": {"init": start}}))

    monkeypatch.setattr(training, "train_model", trained)
    configs = repository / "conf" / "train" / "gap_PART.yaml"

    def run(which, **options):
        calls.clear()
        options.setdefault("configs", configs)
        train_parts(which, options.pop("configs"), tmp_path, tmp_path, tmp_path / "exp", **options)
        return calls

    run.network, run.together = network, together
    return run


def test_all_in_order_each_from_what_the_ones_before_left(recipe, tmp_path, capsys):
    calls = recipe("all", teacher="random")
    assert tuple(part for part, _, _ in calls) == PARTS == tuple(part_classes.PARTS)[:5]
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
    calls = recipe("postnet", init=str(tmp_path / "official"), frozen_cache=tmp_path / "cache")
    ((part, config, options),) = calls
    assert options["frozen_cache"] == tmp_path / "cache"
    assert part == "postnet" and set(config["frozen"].values()) == {str(tmp_path / "official")}
    assert options["init"] == str(tmp_path / "official")
    whole = espnet_plugin.load("gap_urgenet", tmp_path / "exp", device="cpu").network
    for name, expected in (("postnet", recipe.network), ("encoder", tiny_network(4))):
        for key, value in getattr(expected, name).state_dict().items():
            assert torch.equal(getattr(whole, name).state_dict()[key], value)


def loaded(folder):
    return espnet_plugin.load("gap_urgenet", folder, device="cpu").network


def assert_made_of(whole, **sources):
    """Each network is that of a source."""
    for name, source in sources.items():
        own = getattr(whole, name).state_dict()
        assert all(torch.equal(own[key], value) for key, value in getattr(source, name).state_dict().items())


def test_joint_goes_on_from_the_parts_and_the_whole_holds_what_came_of_it(recipe, tmp_path, capsys):
    exp, (one, both) = tmp_path / "exp", (recipe.network, recipe.together)
    recipe("all", teacher="random")
    ((part, config, options),) = recipe("joint")
    assert part == "joint"
    assert config["frozen"] == {name: f"{exp}/{name}" for name in ("encoder", "adapter", "predictor")}
    assert options["init"] == {name: f"{exp}/{name}" for name in ("vocoder", "postnet")}
    made_of = {"encoder": one, "adapter": one, "vocoder": both, "predictor": one, "postnet": both}
    assert_made_of(loaded(exp), **made_of)
    parts = [f"{name}={exp / ('joint' if source is both else name)}" for name, source in made_of.items()]
    assert main(["convert", str(tmp_path / "whole.safetensors"), "--parts", *parts]) == 0
    assert_made_of(loaded(tmp_path / "whole.safetensors"), **made_of)
    # Another part changes nothing of that; a new vocoder does.
    recipe("adapter", teacher="random")
    assert_made_of(loaded(exp), **made_of)
    shutil.rmtree(exp / "vocoder")
    next(one.vocoder.parameters()).data += 1
    capsys.readouterr()
    recipe("vocoder", teacher="random")
    assert "the vocoder was trained anew after" in (said := capsys.readouterr().out) and "--force" in said
    assert_made_of(loaded(exp), **dict.fromkeys(PARTS, one))


def test_joint_from_official_files(recipe, tmp_path):
    official = tiny_network(4)
    save_official(tmp_path / "official", official)
    ((_, config, options),) = recipe("joint", init=str(tmp_path / "official"))
    assert {*config["frozen"].values(), *options["init"].values()} == {str(tmp_path / "official")}
    made_of = {**dict.fromkeys(PARTS, official), "vocoder": recipe.together, "postnet": recipe.together}
    assert_made_of(loaded(tmp_path / "exp"), **made_of)


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
        ("joint", {}, "--train_part joint needs the encoder: run --train_part encoder first"),
        ("decoder", {}, "there is no part 'decoder'; choose all, dewavlm, encoder"),
        ("all", {"configs": Path("gap_postnet.yaml")}, "write PART where their names differ"),
    ],
)
def test_what_is_missing_is_named(recipe, which, options, message):
    with pytest.raises(UserError, match=message):
        recipe(which, **options)


#: Two parts; a training is one meeting of the processes, as ESPnet does it, and a file of the first one.
SCRIPT = """
import os, sys, time
from pathlib import Path
from torch import distributed, ones
import yaml
from espnet_plugin.recipe import part_training, training

part_training.chosen_parts = lambda which: ("encoder", "adapter")

def trained(config, data_dir, statistics_dir, experiment, *others, **options):
    rank = int(os.environ["RANK"])
    place = f"tcp://{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    distributed.init_process_group("gloo", init_method=place, world_size=2, rank=rank)
    distributed.all_reduce(together := ones(1))
    distributed.destroy_process_group()
    frozen = yaml.safe_load(Path(config).read_text())["frozen"]
    there = [Path(path, "model.pth").is_file() for path in frozen.values() if path != "random"]
    said = f"process {rank}, {experiment.name}: {int(together)} together, {there}\\n"
    os.write(1, said.encode())  # whole: print may write the end of a line by itself
    if rank == 0:
        time.sleep(0.5)
        experiment.mkdir(parents=True)
        (experiment / "model.pth").write_text("weights")

training.train_model = trained
configs, folder = map(Path, sys.argv[1:])
part_training.train_parts("all", configs, folder, folder, folder / "exp", teacher="random")
"""


def test_processes_of_torchrun_train_one_part_after_the_other(repository, tmp_path):
    script = tmp_path / "parts.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += [script, repository / "conf" / "train" / "gap_PART.yaml", tmp_path]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(repository)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for rank in range(2):
        assert f"process {rank}, encoder: 2 together, []" in lines
        assert f"process {rank}, adapter: 2 together, [True]" in lines  # the first one's encoder
    assert lines.count("part 1 of 5: encoder") == lines.count("part 3 of 5: adapter") == 1
    assert "the whole model needs vocoder, predictor, postnet as well: --train_part vocoder" in lines


def test_a_configuration_of_another_part_is_refused(recipe, repository):
    with pytest.raises(UserError, match="gap_vocoder.yaml trains the part 'vocoder', not the predictor"):
        recipe("predictor", configs=repository / "conf" / "train" / "gap_vocoder.yaml")
