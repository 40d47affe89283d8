"""Adversarial training in ESPnet: what it leaves, goes on after kills, skips what is not finite."""

import csv
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.train_stage import train
from tests.espnet_modules.conftest import one_thread
from tests.espnet_modules.gradients import assert_same_gradients, gradients

pytestmark = pytest.mark.espnet

#: Runs a training in a process of its own that kills itself at a moment of our choice.
KILLED = """
import os, signal, sys
from pathlib import Path
from espnet_plugin.espnet_modules.train_stage import train
from espnet_plugin.training import training_step

def die():
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "in a step":
    steps, turn = [], training_step.TrainingStep._turn
    def counted(self, name, *others):
        steps.append(name)
        # Two steps of two turns in the first epoch; in the second one, the generator's turn of step 1.
        if len(steps) == 6:
            die()
        return turn(self, name, *others)
    training_step.TrainingStep._turn = counted
else:
    saved, replace = [], os.replace
    def replaced(source, target):
        saved.append(Path(target).name)
        # The file of this epoch is written, but has not got its name.
        if saved[-1] == "checkpoint.pth":
            die()
        replace(source, target)
    os.replace = replaced
train(*map(Path, sys.argv[2:]), num_workers=1)
"""


def read(path):
    return torch.load(path, weights_only=True)


def history(exp_dir):
    with (exp_dir / "history.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_both_sides_learn_and_are_reported(gan):
    terms = "loss reconstruction adversarial feature_matching discriminator_loss phase mel".split()
    for row in history(gan):
        for phase in ("train", "valid"):
            assert all(np.isfinite(float(row[f"{phase}_{term}"])) for term in terms)
    state = read(gan / "checkpoint.pth")
    assert [len(optimizer["state"]) > 0 for optimizer in state["optimizers"]] == [True, True]
    # Both rates fall once per epoch.
    assert [optimizer["param_groups"][0]["lr"] for optimizer in state["optimizers"]] == [
        pytest.approx(1e-3 * 0.99**2)
    ] * 2
    first, second = (read(gan / f"{epoch}epoch.pth") for epoch in (1, 2))
    changed = {key.split(".")[0] for key in first if not torch.equal(first[key], second[key])}
    assert changed == {"separator", "adversary"}
    assert "valid.reconstruction.ave.pth" in {path.name for path in gan.iterdir()}
    assert "skipped" not in history(gan)[0] and not (gan / "invalid_batches.tsv").exists()


def test_stock_espnet_enhances_with_the_generator_alone(gan):
    from espnet2.bin.enh_inference import SeparateSpeech as Stock

    from espnet_plugin.espnet_modules.inference import SeparateSpeech

    assert {key.split(".")[0] for key in read(gan / "model.pth")} == {"separator"}
    wave = np.random.default_rng(0).standard_normal((1, 5037)).astype(np.float32)
    (stock,) = Stock(str(gan / "config.yaml"), str(gan / "model.pth"))(wave, fs=16000)
    (strict,) = SeparateSpeech(gan / "config.yaml", gan / "model.pth")(wave, fs=16000)
    assert stock.shape == wave.shape and stock.any()
    np.testing.assert_array_equal(stock, strict)


def test_killed_twice_and_resumed_gives_the_same_bits(gan, pairs, gan_config, tmp_path):
    exp_dir = tmp_path / "exp"
    for moment in ("in a step", "while saving"):
        command = [sys.executable, "-c", KILLED, moment, gan_config(), *pairs, exp_dir]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert read(exp_dir / "checkpoint.pth")["reporter"]["epoch"] == 1
    assert list(exp_dir.glob(".checkpoint.pth*.tmp"))
    with one_thread():
        train(gan_config(), *pairs, exp_dir, num_workers=1)
    straight, resumed = read(gan / "checkpoint.pth"), read(exp_dir / "checkpoint.pth")
    for name in straight["model"]:
        assert torch.equal(resumed["model"][name], straight["model"][name]), name
    for mine, theirs in zip(resumed["optimizers"], straight["optimizers"], strict=True):
        for number, moments in theirs["state"].items():
            assert all(torch.equal(mine["state"][number][name], value) for name, value in moments.items())
    exported = read(exp_dir / "model.pth")
    assert all(torch.equal(exported[name], value) for name, value in read(gan / "model.pth").items())
    assert not list(exp_dir.glob(".*.tmp"))


def test_truncated_checkpoint_is_named_and_the_previous_one_used(gan, pairs, gan_config, tmp_path, capfd):
    exp_dir = shutil.copytree(gan, tmp_path / "exp", symlinks=True)
    content = (exp_dir / "checkpoint.pth").read_bytes()
    (exp_dir / "checkpoint.pth").write_bytes(content[: len(content) // 2])
    train(gan_config(max_epoch=3), *pairs, exp_dir, num_workers=0)
    assert [row["epoch"] for row in history(exp_dir)] == ["1", "2", "3"]
    log = (exp_dir / "train.log").read_text()
    assert f"{exp_dir / 'checkpoint.pth'} is damaged; going on from the epoch before" in log


def test_variants_train(pairs, toy_config, gan_config, tmp_path):
    metric = {"discriminator": "metric", "discriminator_conf": {"channels": 2}, "optim2": "adamw"}
    runs = {
        "bfloat16": gan_config(max_epoch=1, use_amp=True),
        "metric": toy_config(max_epoch=1, segment_samples=8000, **metric),
        "late": gan_config(discriminator_start_step=3),
    }
    rows = {}
    for name, config in runs.items():
        train(config, *pairs, tmp_path / name, num_workers=0)
        rows[name] = history(tmp_path / name)
    assert np.isfinite(float(rows["bfloat16"][0]["train_feature_matching"]))
    model = read(tmp_path / "bfloat16" / "checkpoint.pth")["model"]
    assert {value.dtype for value in model.values()} == {torch.float32}
    assert {"train_metric", "train_discriminator_clean", "train_pesq"} <= set(rows["metric"][0])
    # Three steps without discriminators, then one with them.
    assert [row["train_adversarial"] == "" for row in rows["late"]] == [True, False]


@pytest.fixture
def spoilt(pairs, tmp_path):
    """A function that gives the data with one NaN sample in the named training recordings."""

    def write(*names):
        data = shutil.copytree(pairs[0], tmp_path / "data")
        lines = (data / "train" / "wav.scp").read_text().splitlines()
        for place, line in enumerate(lines):
            name, path = line.split()
            if name in names:
                wave, rate_hz = soundfile.read(path)
                wave[len(wave) // 2] = np.nan
                soundfile.write(tmp_path / f"{name}.wav", wave, rate_hz, subtype="FLOAT")
                lines[place] = f"{name} {tmp_path / name}.wav"
        (data / "train" / "wav.scp").write_text("\n".join(lines) + "\n")
        return data, pairs[1]

    return write


@pytest.mark.parametrize("adversarial", [True, False])
def test_a_batch_with_nan_is_skipped_counted_and_named(
    spoilt, gan_config, toy_config, tmp_path, capfd, adversarial
):
    config = (gan_config if adversarial else toy_config)(batch_size=1, segment_samples=9000, max_epoch=1)
    train(config, *spoilt("train2"), tmp_path / "exp", num_workers=0)
    listed = (tmp_path / "exp" / "invalid_batches.tsv").read_text().splitlines()
    assert listed[0].split("\t") == ["epoch", "step", "what", "utterances"]
    assert len(listed) == 2 and listed[1].split("\t")[3] == "train2"
    assert "the batch is skipped: train2" in (tmp_path / "exp" / "train.log").read_text()
    assert "1 of 4 steps skipped" in capfd.readouterr().err
    model = read(tmp_path / "exp" / "checkpoint.pth")["model"]
    assert all(value.isfinite().all() for value in model.values())
    assert np.isfinite(float(history(tmp_path / "exp")[0]["train_loss"]))


def test_too_many_in_a_row_end_the_training_with_the_ids(spoilt, gan_config, tmp_path):
    everyone = [f"train{number}" for number in range(4)]
    config = gan_config(batch_size=2, segment_samples=9000, max_invalid_steps=2)
    with pytest.raises(UserError, match="last 2 steps gave NaN or Inf") as raised:
        train(config, *spoilt(*everyone), tmp_path / "exp", num_workers=0)
    assert all(name in str(raised.value) for name in everyone) and "\n" not in str(raised.value)
    assert not (tmp_path / "exp" / "model.pth").exists()


def test_an_epoch_without_a_valid_step_ends_the_training(spoilt, toy_config, tmp_path):
    config = toy_config(segment_samples=9000)
    with pytest.raises(UserError, match="last 2 steps gave NaN or Inf.*train"):
        train(config, *spoilt(*(f"train{n}" for n in range(4))), tmp_path / "exp", num_workers=0)


def test_accumulated_small_batches_learn_as_large_ones(one_step, untrained, joint_gradients):
    for size in (2, 1):
        after = one_step(batch_size=size, accum_grad=4 // size)
        assert_same_gradients(gradients(untrained, after), joint_gradients)


@pytest.mark.parametrize(
    "difference, message",
    [
        ({"discriminator": "vokoder"}, "discriminator.*'vokoder'.*'vocoder'"),
        ({"discriminator_conf": {"multi_resolutions": {}}}, "discriminator_conf.*'multi_resolution'"),
        ({"discriminator_conf": {"multi_resolution": {"chanels": 2}}}, "discriminator_conf.*chanels"),
        ({"loss_weights": {"adversary": 1}}, "loss_weights.*'adversary'.*'adversarial'"),
        ({"loss_weights": {"metric": 1}}, "loss_weights.*unknown key 'metric'"),
        ({"optim2_conf": {"learning_rate": 1}}, "optim2_conf.*'learning_rate'"),
        ({"grad_clip2": 0}, "grad_clip2 must be a number above 0"),
        ({"generator_first": True}, "generator_first"),
        ({"grad_noise": True}, "grad_noise"),
    ],
)
def test_configurations_that_cannot_be_followed(pairs, gan_config, tmp_path, difference, message):
    with pytest.raises(UserError, match=message) as raised:
        train(gan_config(**difference), *pairs, tmp_path / "exp", num_workers=0)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "make, enh_task, message",
    [
        ("toy_config", "gan", "needs a configuration with 'discriminator'"),
        ("gan_config", "enh", "use enh_task gan.*semamba_pp_reconstruction"),
        ("toy_config", "both", "use one of auto, enh, gan"),
    ],
)
def test_task_and_configuration_have_to_agree(request, pairs, tmp_path, make, enh_task, message):
    with pytest.raises(UserError, match=message):
        train(request.getfixturevalue(make)(), *pairs, tmp_path / "exp", num_workers=0, enh_task=enh_task)
