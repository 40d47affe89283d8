"""The commands ``python -m espnet_plugin.bin.NAME``."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.espnet

HAS_COMMAND_LINE = importlib.util.find_spec("espnet2.bin.cli") is not None


@pytest.fixture
def noisy(tmp_path):
    path = tmp_path / "noisy.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(8037), 16000)
    return path


def run(module, *arguments, home):
    command = [sys.executable, "-m", f"espnet_plugin.bin.{module}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HOME": str(home)})


def test_espnet_enhance_takes_our_pack(packed, noisy, tmp_path):
    if not HAS_COMMAND_LINE:
        pytest.skip("this ESPnet has no command line (espnet2.bin.cli)")
    done = run("espnet", "enhance", noisy, "--model", packed, "-o", tmp_path / "out.wav", home=tmp_path)
    assert done.returncode == 0, done.stderr
    wave, rate_hz = soundfile.read(tmp_path / "out.wav")
    assert wave.shape == (8037,) and rate_hz == 16000 and wave.any()


def test_espnet_without_a_command_line_names_what_to_use(tmp_path):
    if HAS_COMMAND_LINE:
        pytest.skip("this ESPnet has a command line")
    done = run("espnet", "enhance", "x.wav", home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "urgent26 enhance" in done.stderr


def test_enh_inference_writes_audio_and_checks_the_model(trained, noisy, tmp_path, capsys):
    from espnet2.bin import enh_inference as stock_module

    from espnet_plugin.bin import enh_inference

    stock = stock_module.SeparateSpeech
    (tmp_path / "wav.scp").write_text(f"utt1 {noisy}\n")
    arguments = ["--output_dir", str(tmp_path / "out"), "--fs", "16000", "--num_workers", "0"]
    arguments += ["--data_path_and_name_and_type", f"{tmp_path / 'wav.scp'},speech_mix,sound"]
    arguments += ["--train_config", str(trained / "config.yaml"), "--model_file"]
    assert enh_inference.main([*arguments, str(trained / "model.pth")]) == 0
    wave, rate_hz = soundfile.read(tmp_path / "out" / "wavs" / "1" / "utt1.wav")
    assert wave.shape == (8037,) and rate_hz == 16000
    capsys.readouterr()
    assert enh_inference.main([*arguments, str(trained / "checkpoint.pth")]) == 2
    assert "espnet_plugin.bin.enh_inference: " in capsys.readouterr().err
    assert stock_module.SeparateSpeech is stock


def test_train_refuses_an_unknown_key_in_one_line(toy_config, capsys):
    from espnet_plugin.bin import train

    config = toy_config(separator_conf={"chanels": 3})
    assert train.main(["--config", str(config), "--output_dir", "unused"]) == 2
    line = capsys.readouterr().err
    assert line.startswith("espnet_plugin.bin.train: ") and line.count("\n") == 1 and "'channels'" in line
