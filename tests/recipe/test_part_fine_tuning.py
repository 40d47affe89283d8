"""One call from official files and the user's folders to a model with one part trained further."""

import numpy as np
import pytest
import torch
import yaml

import espnet_plugin
from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import main
from espnet_plugin.config import load_config
from espnet_plugin.recipe.part_fine_tuning import DIFFERENCE


@pytest.fixture
def folders(tmp_path):
    """Some speech and noise at 48 kHz."""
    random = np.random.default_rng(0)
    for number in range(6):
        wave = 0.1 * random.standard_normal(24000)
        write_audio(tmp_path / "speech" / "anna" / f"{number}.wav", wave, 48000)
        write_audio(tmp_path / "noise" / f"{number}.wav", wave[::-1], 48000)
    clean, noise = (str(tmp_path / name) for name in ("speech", "noise"))
    return ["--clean_dir", clean, "--noise_dir", noise, "--nj", "1"]


@pytest.mark.espnet
@pytest.mark.parametrize(
    "part, networks, terms",
    [
        ("postnet", {"postnet"}, {"mel": 15.0}),
        ("joint", {"vocoder", "postnet"}, {"mel": 15.0, "generative": 5.0}),
    ],
)
def test_parts_of_official_files(part, networks, terms, official, folders, tmp_path, monkeypatch, capsys):
    from espnet_plugin.recipe import part_fine_tuning

    # The same with shorter segments.
    short = tmp_path / "short.yaml"
    content = {"base": str(DIFFERENCE), "max_epoch": 1, "segment_samples": 9600, "use_tensorboard": False}
    content["scheduler_conf"] = {"warmup_steps": 0}
    short.write_text(yaml.safe_dump(content))
    monkeypatch.setattr(part_fine_tuning, "DIFFERENCE", short)
    command = ["fine-tune", str(official), "--train_part", part, *folders, "-o", str(tmp_path / "tuned")]
    assert main(command) == 0
    assert f"--checkpoint {tmp_path / 'tuned' / 'model'}" in capsys.readouterr().out
    tuned = espnet_plugin.load("gap_urgenet", tmp_path / "tuned" / "model", device="cpu").network.state_dict()
    before = espnet_plugin.load("gap_urgenet", official, device="cpu").network.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(tuned[name], before[name])}
    assert changed == networks
    assert max(float((tuned[name] - before[name]).abs().max()) for name in before) < 1e-3
    config = load_config(tmp_path / "tuned" / "fine_tune.yaml")
    assert config["loss_weights"] == terms and "discriminator" not in config
    written = (tmp_path / "tuned" / "model" / "model.pth").stat().st_mtime_ns
    assert main(command) == 0
    assert (tmp_path / "tuned" / "model" / "model.pth").stat().st_mtime_ns == written


def test_mistakes_are_named(official, folders, tmp_path, capsys):
    semamba = tmp_path / "none.pth"
    for checkpoint, options, message in (
        (official, (), "say which of its networks learns: --train_part postnet"),
        (semamba, ("--train_part", "postnet"), "--train_part is for GAP-URGENet"),
        (official, ("--train_part", "all"), "would tune all at once"),
        (official, ("--train_part", "decoder"), "there is no part 'decoder'"),
    ):
        assert main(["fine-tune", str(checkpoint), *options, *folders, "-o", str(tmp_path / "tuned")]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
