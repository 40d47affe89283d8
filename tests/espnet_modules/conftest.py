"""A handful of synthetic pairs, and one toy training that the tests of this folder share."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

PAIRS = {"train": 4, "valid": 2}


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
    from espnet_plugin.espnet_modules.export import pack

    return pack(trained, tmp_path_factory.mktemp("pack") / "toy.zip")
