"""Every training configuration: its size against the paper's, one step of training, and enhancement."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from espnet_plugin.config import load_config
from espnet_plugin.semamba_pp.network import SEMambaPP
from tests.espnet_modules.conftest import write_pairs

TRAIN = Path(__file__).resolve().parents[2] / "conf" / "train"
CONFIGS = sorted(str(path.relative_to(TRAIN)).removesuffix(".yaml") for path in TRAIN.rglob("*.yaml"))

#: Millions of parameters in the paper's tables 6, 7 and 8.
PAPER = {
    "frequency_mamba": 2.7,
    "frequency_transformer": 2.9,
    "frequency_conformer": 2.4,
    "frequency_spatialnet": 2.6,
    "frequency_glp": 2.7,
    "frequency_without_gp": 2.9,
    "frequency_serial": 2.6,
    "frequency_linear": 2.8,
    "resolution_parallel": 2.7,
    "resolution_sequential": 2.7,
    "resolution_single": 9.0,
    "resolution_without_downsampling": 2.8,
    "resolution_time": 2.6,
    "resolution_time_frequency": 2.7,
    "semamba": 1.7,
    "semamba_mapping": 1.7,
    "semamba_vocoder_losses": 1.7,
    "tfmamba_large": 2.7,
}

SHORT = {"segment_samples": 4000, "batch_size": 2, "max_epoch": 1, "num_iters_per_epoch": 1}
QUIET = {"use_tensorboard": False}
SMALL_NETWORK = {"channels": 4, "blocks": 1, "dense_depth": 1, "state_size": 2}
SMALL_BASELINES = {
    "bsrnn": {"num_channels": 4, "num_layers": 1},
    "tfgridnetv3": {"emb_dim": 4, "n_layers": 1, "lstm_hidden_units": 4},
}
SMALL_DISCRIMINATORS = {
    "vocoder": {
        "multi_resolution": {"channels": 2, "resolutions": [[512, 50, 240]]},
        "sub_band_cqt": {"channels": 2, "scales": [[512, 12]]},
    },
    "metric": {"channels": 2},
}


def load(name):
    return load_config(TRAIN / f"{name}.yaml")


def trainable(name):
    """Whether a file is all that a training needs; some are the base of others, students need a teacher too."""
    return "separator" in load(name) and "target_weights" not in load(name)


def millions_of_parameters(name):
    with torch.device("meta"):  # shapes only
        network = SEMambaPP(**load(name)["separator_conf"])
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def test_every_row_of_the_tables_has_a_file():
    files = {name for name in CONFIGS if name.startswith("ablations/")}
    assert files == {f"ablations/{row}" for row in PAPER}


@pytest.mark.parametrize("row", PAPER)
def test_size_is_that_of_the_paper(row):
    millions = millions_of_parameters(f"ablations/{row}")
    assert abs(millions - PAPER[row]) < 0.1
    text = (TRAIN / f"ablations/{row}.yaml").read_text(encoding="utf-8")
    header = " ".join(re.findall(r"^# (.*)", text, flags=re.MULTILINE))
    told = re.search(r"\(paper: (\d\.\d) M parameters, here (\d\.\d\d) M\)", header)
    assert told is not None, "the header names both sizes"
    assert float(told[1]) == PAPER[row]
    assert float(told[2]) == pytest.approx(millions, abs=0.00501)


@pytest.mark.parametrize("row", PAPER)
def test_rows_differ_from_the_paper_model_by_the_network_or_the_losses_alone(row):
    paper, config = load("semamba_pp_paper"), load(f"ablations/{row}")
    changed = {key for key in {*paper, *config} if paper.get(key) != config.get(key)}
    assert changed <= {"separator_conf", "discriminator", "loss_weights"}


def test_paper_configuration():
    paper, released = load("semamba_pp_paper"), load("semamba_pp")
    changed = {key for key in {*paper, *released} if paper.get(key) != released.get(key)}
    assert changed == {"segment_samples", "degradation"}
    assert paper["segment_samples"] == 24000
    assert load_config(TRAIN.parents[1] / paper["degradation"])["noise"]["snr_db"] == list(range(-10, 25, 5))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """(data folder, statistics folder) of four training and two validation pairs."""
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A function that writes a tiny version of a configuration, for one step, and returns its path."""
    folder = tmp_path_factory.mktemp("conf")

    def write(name):
        config = load(name)
        sizes = SMALL_BASELINES.get(config["separator"], SMALL_NETWORK)
        difference = {"base": str(TRAIN / f"{name}.yaml"), "separator_conf": sizes, **SHORT, **QUIET}
        # What degrades while training needs a corpus; it has tests of its own.
        difference |= {"degradation": None} if "degradation" in config else {}
        difference |= {"accum_grad": 1} if "accum_grad" in config else {}
        if "discriminator" in config:
            difference["discriminator_conf"] = SMALL_DISCRIMINATORS[config["discriminator"]]
        path = folder / f"{name.replace('/', '_')}.yaml"
        path.write_text(yaml.safe_dump(difference), encoding="utf-8")
        return path

    return write


@pytest.mark.espnet
@pytest.mark.parametrize("name", [name for name in CONFIGS if trainable(name)])
def test_every_configuration_trains_one_step_and_enhances(name, small, pairs, tmp_path, monkeypatch):
    import espnet_plugin
    from espnet_plugin.espnet_modules import export
    from espnet_plugin.espnet_modules.train_stage import train

    monkeypatch.setattr(export, "plot_curve", lambda *_, **__: None)  # would take longer than the rest
    train(small(name), *pairs, tmp_path, num_workers=0)
    model = "semamba_pp" if load(name)["separator"] == "semamba_pp" else "espnet"
    enhancer = espnet_plugin.load(model, tmp_path, device="cpu")
    noisy = 0.1 * np.random.default_rng(0).standard_normal(5001).astype(np.float32)
    enhanced = enhancer.enhance(noisy, 16000)
    assert enhanced.shape == noisy.shape
    assert np.isfinite(enhanced).all() and np.abs(enhanced).max() > 0
