"""One call from a released checkpoint and the user's folders to a model."""

import numpy as np
import pytest
import torch
import yaml

import espnet_plugin
from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import main
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.pretrained.origin import read_origin
from espnet_plugin.recipe.fine_tuning import SIMULATE_CONFIG, TRAIN_CONFIG, fine_tune
from espnet_plugin.semamba_pp.network import SEMambaPP

OPTIONS = {"channels": 4, "blocks": 1, "state_size": 2, "dense_depth": 1}


@pytest.fixture
def start(tmp_path):
    """A checkpoint that is smaller than the configuration's network, and folders of a user."""
    torch.manual_seed(0)
    state = SEMambaPP(**OPTIONS).state_dict()
    save_safetensors(tmp_path / "start.safetensors", OPTIONS, state, origin="semamba_pp")
    random = np.random.default_rng(0)
    for number in range(6):
        rate_hz = (16000, 44100)[number % 2]
        wave = 0.1 * random.standard_normal(rate_hz)
        write_audio(tmp_path / "my speech" / "anna" / f"{number}.wav", wave, rate_hz)
        write_audio(tmp_path / "noise" / f"{number}.wav", wave[::-1], rate_hz)
    return tmp_path


@pytest.mark.espnet
def test_from_checkpoint_and_folders_to_a_model(start, capsys):
    pytest.importorskip("resampy")
    config = start / "short.yaml"
    content = {"base": str(TRAIN_CONFIG), "max_epoch": 1, "segment_samples": 4000, "use_tensorboard": False}
    config.write_text(yaml.safe_dump(content))
    command = ["fine-tune", str(start / "start.safetensors"), "--clean_dir", str(start / "my speech")]
    command += ["--noise_dir", str(start / "noise"), "--train_config", str(config), "--nj", "1"]
    command += ["-o", str(start / "tuned")]
    assert main(command) == 0
    assert f"--checkpoint {start / 'tuned' / 'model'}" in capsys.readouterr().out
    tuned = espnet_plugin.load("semamba_pp", start / "tuned" / "model", device="cpu").network.state_dict()
    before = espnet_plugin.load("semamba_pp", start / "start.safetensors", device="cpu").network.state_dict()
    distances = [float((tuned[key] - before[key]).abs().max()) for key in before]
    assert 0 < max(distances) < 0.01  # a few steps at a low rate away from the start
    written = (start / "tuned" / "model" / "model.pth").stat().st_mtime_ns
    assert main(command) == 0
    assert (start / "tuned" / "model" / "model.pth").stat().st_mtime_ns == written
    assert read_origin(start / "tuned" / "model") == "semamba_pp"


def test_mistakes_are_named(start):
    folders = (start / "my speech", start / "noise")
    with pytest.raises(UserError, match="none.pth does not exist"):
        fine_tune(str(start / "none.pth"), start / "out", *folders)
    with pytest.raises(UserError, match="--noise_dir .*nowhere does not exist"):
        fine_tune(str(start / "start.safetensors"), start / "out", folders[0], start / "nowhere")
    with pytest.raises(UserError, match="other.yaml does not exist"):
        fine_tune(str(start / "start.safetensors"), start / "out", *folders, None, start / "other.yaml")
    assert TRAIN_CONFIG.is_file() and SIMULATE_CONFIG.is_file()
