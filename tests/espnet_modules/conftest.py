"""A handful of synthetic pairs, and one toy training that the tests of this folder share."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

from espnet_plugin.audio.write import write_audio
from espnet_plugin.config import load_config
from tests.espnet_modules.gradients import gradients

PAIRS = {"train": 4, "valid": 2}


@contextmanager
def one_thread():
    """With another number of threads, sums have another order and runs differ in their last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def write_pairs(folder: Path) -> tuple[Path, Path]:
    """Chirps in noise at two rates with their lists; returns the folders of data and statistics."""
    random = np.random.default_rng(0)
    for split, count in PAIRS.items():
        lists = {name: [] for name in ("wav.scp", "spk1.scp", "utt2fs", "speech_shape")}
        for number in range(count):
            uid, rate_hz = f"{split}{number}", (16000, 22050)[number % 2]
            samples = int(random.integers(6000, 9000))
            time_s = np.arange(samples) / rate_hz
            clean = 0.3 * np.sin(2 * np.pi * 200 * time_s * (1 + time_s))
            noisy = clean + 0.05 * random.standard_normal(samples)
            for name, wave in (("wav.scp", noisy), ("spk1.scp", clean)):
                path = folder / "audio" / f"{uid}_{name[:3]}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, wave, rate_hz)
                lists[name].append(f"{uid} {path}")
            lists["utt2fs"].append(f"{uid} {rate_hz}")
            lists["speech_shape"].append(f"{uid} {samples}")
        for name, lines in lists.items():
            path = folder / ("statistics" if name == "speech_shape" else "data") / split / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "data", folder / "statistics"


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """(data folder, statistics folder) of four training and two validation pairs."""
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="session")
def toy_config(tmp_path_factory, repository):
    """A function that writes a difference from the toy configuration and returns its path."""
    folder = tmp_path_factory.mktemp("conf")

    def write(**difference) -> Path:
        path = folder / f"toy{len(list(folder.iterdir()))}.yaml"
        base = str(repository / "conf" / "train" / "semamba_pp_toy.yaml")
        path.write_text(yaml.safe_dump({"base": base, **difference}), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def trained(tmp_path_factory, pairs, toy_config):
    """The folder of a finished toy training of two epochs."""
    from espnet_plugin.espnet_modules.train_stage import train

    exp_dir = tmp_path_factory.mktemp("exp") / "toy"
    train(toy_config(), *pairs, exp_dir, num_workers=0)
    return exp_dir


@pytest.fixture(scope="session")
def packed(tmp_path_factory, trained):
    """The toy model as an ESPnet pack."""
    from espnet_plugin.pretrained.zoo_pack import pack_experiment

    return pack_experiment(trained, tmp_path_factory.mktemp("pack") / "toy.zip")


@pytest.fixture(scope="session")
def gan_config(toy_config, repository):
    """A function that writes a difference from the adversarial toy configuration and returns its path."""

    def write(**difference):
        base = str(repository / "conf" / "train" / "semamba_pp_gan_toy.yaml")
        return toy_config(**{"base": base, **difference})

    return write


@pytest.fixture(scope="session")
def gan(tmp_path_factory, pairs, gan_config):
    """The folder of a finished adversarial toy training of two epochs, with one worker and one thread."""
    from espnet_plugin.espnet_modules.train_stage import train

    exp_dir = tmp_path_factory.mktemp("exp") / "gan"
    with one_thread():
        train(gan_config(), *pairs, exp_dir, num_workers=1)
    return exp_dir


@pytest.fixture(scope="session")
def plain_descent(tmp_path_factory, gan_config):
    """A function that writes an adversarial configuration of one step of plain gradient descent.

    The step sees all pairs whole, so that nothing in it is random; the change of a weight is its gradient.
    """
    folder = tmp_path_factory.mktemp("descent")

    def write(rate=1.0, **difference) -> Path:
        sgd = {"optim": "sgd", "optim_conf": {"lr": rate}, "optim2": "sgd", "optim2_conf": {"lr": 0.1 * rate}}
        once = {"segment_samples": 9000, "max_epoch": 1, "drop_last_iter": False}
        path = folder / f"{len(list(folder.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump({**load_config(gan_config()), **sgd, **once, **difference}))
        return path

    return write


@pytest.fixture(scope="session")
def one_step(tmp_path_factory, pairs, plain_descent):
    """A function that trains one such step in one process and returns the folder."""
    from espnet_plugin.espnet_modules.train_stage import train

    def run(**options) -> Path:
        exp_dir = tmp_path_factory.mktemp("step") / "exp"
        train(plain_descent(**options), *pairs, exp_dir, num_workers=0)
        return exp_dir

    return run


@pytest.fixture(scope="session")
def untrained(one_step):
    """The folder of a training that learned nothing."""
    return one_step(rate=0.0, batch_size=4)


@pytest.fixture(scope="session")
def joint_gradients(one_step, untrained):
    """The gradients of one step in one process with all pairs in one batch."""
    return gradients(untrained, one_step(batch_size=4))


@pytest.fixture(scope="session")
def clean_only(tmp_path_factory, pairs):
    """The pairs without the degraded half of the training set."""
    data = shutil.copytree(pairs[0], tmp_path_factory.mktemp("clean") / "data")
    (data / "train" / "wav.scp").unlink()
    return data, pairs[1]


@pytest.fixture(scope="session")
def make_corpus(tmp_path_factory):
    """A function that makes a corpus at a rate, whose training split has a noise and a room."""

    def make(rate_hz) -> Path:
        folder = tmp_path_factory.mktemp("corpus")
        random = np.random.default_rng(0)
        for kind, samples in (("speech", 9000), ("noise", 9000), ("rirs", 800)):
            wave = 0.2 * random.standard_normal(samples)
            write_audio(folder / "train" / f"{kind}.flac", wave, rate_hz)
            (folder / "train" / f"{kind}.scp").write_text(f"{kind} {rate_hz} {kind}.flac\n")
        return folder

    return make
