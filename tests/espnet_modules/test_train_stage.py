"""The training stage: trains, does nothing twice, goes on after a kill, refuses what it cannot follow."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.train_stage import train

pytestmark = pytest.mark.espnet


def epochs(exp_dir):
    with (exp_dir / "history.csv").open() as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]


def weights(exp_dir):
    return torch.load(exp_dir / "model.pth", weights_only=True)


def test_training_leaves_what_it_promises(trained):
    assert epochs(trained) == [1, 2]
    assert (trained / "images" / "training_curve.png").read_bytes().startswith(b"\x89PNG")
    assert {key.split(".")[0] for key in weights(trained)} == {"separator"}
    assert "2epoch results" in (trained / "train.log").read_text()
    with (trained / "history.csv").open() as stream:
        columns = next(csv.reader(stream))
    assert {"train_loss", "valid_loss", "valid_phase", "valid_mel"} <= set(columns)


def test_a_second_run_touches_nothing_and_imports_nothing(trained, pairs, toy_config):
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    code = (
        "import sys; from pathlib import Path; from espnet_plugin.espnet_modules.train_stage import train;"
        "train(*map(Path, sys.argv[1:])); sys.exit('torch' in sys.modules or 'espnet2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, toy_config(), *pairs, trained], check=True)
    assert {path: path.stat().st_mtime_ns for path in trained.rglob("*")} == before


def test_resumed_weights_equal_those_of_one_run(trained, pairs, toy_config, tmp_path):
    train(toy_config(max_epoch=1), *pairs, tmp_path / "exp", num_workers=0)
    assert epochs(tmp_path / "exp") == [1]
    # A damaged checkpoint and a lost file of the last epoch are no obstacle.
    (tmp_path / "exp" / "1epoch.pth").unlink()
    train(toy_config(max_epoch=2), *pairs, tmp_path / "exp", num_workers=0)
    assert epochs(tmp_path / "exp") == [1, 2]
    resumed, straight = weights(tmp_path / "exp"), weights(trained)
    assert all(torch.equal(resumed[key], straight[key]) for key in straight)


def test_truncated_checkpoint_goes_back_one_epoch(trained, pairs, toy_config, tmp_path):
    exp_dir = shutil.copytree(trained, tmp_path / "exp", symlinks=True)
    content = (exp_dir / "checkpoint.pth").read_bytes()
    (exp_dir / "checkpoint.pth").write_bytes(content[:-1000])
    train(toy_config(max_epoch=3), *pairs, exp_dir, num_workers=0)
    assert epochs(exp_dir) == [1, 2, 3]
    assert "going on from the epoch before" in (exp_dir / "train.log").read_text()


def test_training_goes_on_after_a_kill_in_the_middle_of_an_epoch(pairs, toy_config, tmp_path):
    exp_dir = tmp_path / "exp"
    code = (
        "import sys; from pathlib import Path; from espnet_plugin.espnet_modules.train_stage import train;"
        "train(*map(Path, sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, toy_config(max_epoch=10000), *pairs, exp_dir]
    log = tmp_path / "child.log"
    with log.open("w") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while not (exp_dir / "checkpoint.previous.pth").exists() and child.poll() is None:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        assert child.poll() is None, log.read_text()
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    done = torch.load(exp_dir / "checkpoint.pth", weights_only=True)["reporter"]["epoch"]
    assert done >= 2
    train(toy_config(max_epoch=done + 1), *pairs, exp_dir, num_workers=0)
    assert epochs(exp_dir) == list(range(1, done + 2))
    assert not list(exp_dir.glob(".*.tmp"))


def test_other_configuration_or_data_needs_force(trained, pairs, toy_config, tmp_path):
    exp_dir = shutil.copytree(trained, tmp_path / "exp", symlinks=True)
    with pytest.raises(UserError, match="another configuration.*batch_size.*--force.*--expdir"):
        train(toy_config(batch_size=1), *pairs, exp_dir, num_workers=0)
    with pytest.raises(UserError, match="another configuration.*seed"):
        train(toy_config(), *pairs, exp_dir, num_workers=0, seed=5)
    (exp_dir / "training.json").unlink()
    with pytest.raises(UserError, match="another training.*--force"):
        train(toy_config(), *pairs, exp_dir, num_workers=0)
    (exp_dir / "scores").mkdir()
    train(toy_config(max_epoch=1, batch_size=1), *pairs, exp_dir, num_workers=0, force=True)
    assert epochs(exp_dir) == [1]
    assert (exp_dir / "scores").is_dir()


@pytest.mark.parametrize(
    "difference, message",
    [
        ({"max_epochs": 3}, "unknown key 'max_epochs'.*'max_epoch'"),
        ({"separator_conf": {"chanels": 8}}, "separator_conf.*'chanels'.*'channels'"),
        ({"optim_conf": {"learning_rate": 1}}, "optim_conf.*unknown key 'learning_rate'"),
        ({"loss_weights": {"magnitud": 1}}, "loss_weights.*'magnitude'"),
        ({"separator": "semamba"}, "separator.*'semamba'.*'semamba_pp'"),
        ({"scheduler_conf": "fast"}, "must be a mapping"),
        ({"segment_samples": 4050}, "multiple of 100"),
        ({"sample_rate": 8000}, "sample_rate: 16000"),
        ({"encoder": "stft"}, "encoder: same"),
        ({"model_conf": {"always_forward_in_48k": True}}, "always_forward_in_48k"),
    ],
)
def test_configurations_that_cannot_be_followed(pairs, toy_config, tmp_path, difference, message):
    with pytest.raises(UserError, match=message) as raised:
        train(toy_config(**difference), *pairs, tmp_path / "exp", num_workers=0)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "exp" / "config.yaml").exists()


def test_a_bad_pair_is_named_in_one_line(pairs, toy_config, tmp_path):
    data = shutil.copytree(pairs[0], tmp_path / "data")
    lines = (data / "train" / "spk1.scp").read_text().splitlines()
    # The clean recording of another utterance: another length.
    lines[1] = f"train1 {lines[3].split()[1]}"
    (data / "train" / "spk1.scp").write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match="^train1: recordings need equal lengths.*run stage 3 again$"):
        train(toy_config(), data, pairs[1], tmp_path / "exp", num_workers=1)
    assert "Traceback" in (tmp_path / "exp" / "train.log").read_text()


def test_missing_lists_name_the_stage(pairs, toy_config, tmp_path):
    with pytest.raises(UserError, match="wav.scp is missing.*stage 3"):
        train(toy_config(), tmp_path, pairs[1], tmp_path / "exp")
    with pytest.raises(UserError, match="speech_shape is missing.*stage 4"):
        train(toy_config(), pairs[0], tmp_path, tmp_path / "exp")
    assert not (tmp_path / "exp").exists()
