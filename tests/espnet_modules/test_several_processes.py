"""Several processes that torchrun starts: one training, one set of files, the gradients of one process."""

import os
import subprocess
import sys

import pytest

from tests.espnet_modules.gradients import assert_same_gradients, gradients

pytestmark = pytest.mark.espnet


@pytest.fixture
def in_two_processes(repository, pairs, tmp_path):
    """A function that trains a configuration through the recipe's script with two processes on the CPU."""

    def run(config, name):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
        command += [repository / "local" / "train.py", "--config", config, "--nj", "1"]
        command += ["--data_dir", pairs[0], "--statistics_dir", pairs[1], "--experiment", tmp_path / name]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        return done, tmp_path / name

    return run


def test_two_processes_give_the_gradients_of_the_joint_batch(
    in_two_processes, plain_descent, untrained, joint_gradients
):
    done, trained = in_two_processes(plain_descent(batch_size=4), "exp")
    assert done.returncode == 0, done.stderr
    assert_same_gradients(gradients(untrained, trained), joint_gradients)
    # The first process writes and shows, the second one has a log of its own.
    assert done.stdout.count("trained model:") == 1 and done.stderr.count("epoch 1/1:") == 1
    assert (trained / "model.pth").is_file()
    assert "1epoch results" in (trained / "train.log").read_text()
    assert "1epoch results" not in (trained / "train.process1.log").read_text()
