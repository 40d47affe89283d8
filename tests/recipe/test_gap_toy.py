"""All five trainings of GAP-URGENet on the built-in corpus: each learns, and together they restore."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
import torch

from espnet_plugin.audio.scp import read_scp

pytestmark = [pytest.mark.recipe, pytest.mark.toy]

PATIENCE_S = 900
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
#: By how much the loss without discriminators falls at least, from the first to the last epoch's mean.
FALLS_BY = {"encoder": 0.10, "vocoder": 0.15, "adapter": 0.12, "predictor": 0.25, "postnet": 0.30}


def training_of(part, repository, *options):
    """The command of the recipe."""
    return [
        str(repository / "egs2/urgent26/enh1/run.sh"),
        *("--python", sys.executable, "--nj", "1", "--mini_utterances", "20"),
        *("--datadir", "data", "--dumpdir", "dump", "--expdir", "exp"),
        *("--train_config", str(repository / "conf/train/gap_PART_toy.yaml")),
        *("--train_part", part, "--teacher", "random", *options),
    ]


@pytest.fixture(scope="module")
def recipe(repository, tmp_path_factory):
    """The folder of the finished recipe, which was killed in its second part and then continued."""
    folder = tmp_path_factory.mktemp("gap")
    command = training_of("all", repository, "--stop_stage", "6")
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output, start_new_session=True
        )
        end = time.monotonic() + PATIENCE_S
        checkpoint = folder / "exp/gap_urgenet/vocoder/checkpoint.pth"
        while not checkpoint.is_file() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert process.poll() is None, (folder / "output").read_text()[-3000:]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done = subprocess.run(
            command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output, timeout=PATIENCE_S
        )
    assert done.returncode == 0, (folder / "output").read_text()[-3000:]
    return folder


def history(recipe, part):
    with (recipe / "exp/gap_urgenet" / part / "history.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("part", FALLS_BY)
def test_each_loss_falls(recipe, part):
    rows = history(recipe, part)
    first, last = (float(rows[epoch]["train_reconstruction"]) for epoch in (0, -1))
    assert last < first * (1 - FALLS_BY[part])
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]


def test_it_went_on_where_it_was_killed(recipe):
    log = (recipe / "exp/gap_urgenet/vocoder/train.log").read_text()
    assert "resumed from" in log and "after epoch 1" in log
    assert "resumed from" not in (recipe / "exp/gap_urgenet/encoder/train.log").read_text()


def test_the_whole_restores_better_than_without_training(recipe):
    import espnet_plugin
    from espnet_plugin.gap_urgenet.network import GapUrgenet

    untrained = espnet_plugin.load("gap_urgenet", recipe / "exp/gap_urgenet", device="cpu")
    torch.manual_seed(0)
    untrained.network.load_state_dict(GapUrgenet(**untrained.network.options).state_dict())
    (test_set,) = (recipe / "exp/gap_urgenet/enhanced").iterdir()
    enhanced = read_scp(test_set / "spk1.scp")
    noisy, clean = (read_scp(recipe / "data" / test_set.name / name) for name in ("wav.scp", "spk1.scp"))
    assert enhanced.keys() == noisy.keys()
    for uid in noisy:
        wave, rate_hz = soundfile.read(noisy[uid], dtype="float32")
        truth = soundfile.read(clean[uid])[0]
        before = si_sdr_db(untrained.enhance(wave, rate_hz), truth)
        after = si_sdr_db(soundfile.read(enhanced[uid])[0], truth)
        assert after > before + 5


def test_vocoder_and_postnet_become_better_together(recipe, repository):
    from espnet_plugin.pretrained.gap_part import CLASSES, read_part

    command = training_of("joint", repository, "--stage", "5", "--stop_stage", "5")
    done = subprocess.run(
        command, cwd=recipe, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout[-3000:]
    first, last = (history(recipe, "joint")[epoch] for epoch in (0, -1))
    assert float(last["train_reconstruction"]) < 0.98 * float(first["train_reconstruction"])
    assert float(last["valid_mel"]) < 0.99 * float(history(recipe, "postnet")[-1]["valid_mel"])
    experiment = recipe / "exp/gap_urgenet"
    for name in CLASSES:
        source = experiment / ("joint" if name in ("vocoder", "postnet") else name)
        whole, own = (read_part(name, folder).network.state_dict() for folder in (experiment, source))
        assert all(torch.equal(whole[key], value) for key, value in own.items())


def si_sdr_db(estimate, truth):
    estimate, truth = estimate - estimate.mean(), truth - truth.mean()
    scaled = (estimate @ truth) / (truth @ truth) * truth
    return 10 * np.log10((scaled @ scaled) / ((estimate - scaled) @ (estimate - scaled)))
