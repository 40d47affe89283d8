"""The example with numpy and onnxruntime alone, as a program."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

import espnet_plugin as ep
from espnet_plugin.export.model_file import write
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.pretrained.zoo_model import Released
from tests.export.tiny import SIZES, tiny_network

#: Runs a program and says which of the heavy modules it imported.
PROBE = (
    "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0]);"
    "print(*{'torch', 'espnet_plugin', 'scipy', 'onnx', 'librosa'} & set(sys.modules))"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Checkpoint and ONNX file of the same weights."""
    folder = tmp_path_factory.mktemp("model")
    network = tiny_network()
    with torch.no_grad():
        # A phase near pi turns to -pi by rounding, which random weights would make much of.
        network.encoder.expand.convolution.weight[:, 1] *= 0.01
    save_safetensors(folder / "model.safetensors", SIZES, network.state_dict())
    write(Released("semamba_pp", SIZES, network, 16000), folder / "model.onnx")
    return folder


def run_example(repository, *arguments):
    program = repository / "egs2" / "urgent26" / "onnx_example.py"
    command = [sys.executable, "-c", PROBE, program, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def test_the_example_gives_what_enhance_gives(repository, shared, model, tmp_path):
    noisy, rate_hz = soundfile.read(
        shared / "audio" / "vctk_demand" / "noisy" / "p232_013.wav", dtype="float32", stop=16037
    )
    # In the frame at the very start all phases are 0 or pi, with a sign that is rounding; silence has none.
    noisy = np.concatenate((np.zeros((500, 2), np.float32), np.stack((noisy, 0.1 * noisy[::-1]), 1)))
    soundfile.write(tmp_path / "noisy.wav", noisy, rate_hz, subtype="FLOAT")
    answer = run_example(repository, model / "model.onnx", tmp_path / "noisy.wav", tmp_path / "clean.wav")
    assert answer.returncode == 0 and answer.stdout.strip() == "", answer
    clean, found_hz = soundfile.read(tmp_path / "clean.wav", dtype="float32")
    expected = ep.load("semamba_pp", model / "model.safetensors", device="cpu").enhance(noisy, rate_hz)
    assert found_hz == rate_hz and clean.shape == expected.shape
    peaks = np.abs(expected).max(0)
    assert (peaks > 0.01).all()
    assert (np.abs(clean - expected) < 1e-3 * peaks).all()


def test_the_example_takes_short_recordings_and_refuses_other_rates(repository, model, tmp_path):
    for samples, rate_hz in ((1, 16000), (160, 48000)):
        soundfile.write(tmp_path / "noisy.wav", np.full(samples, 0.5), rate_hz, subtype="FLOAT")
        answer = run_example(repository, model / "model.onnx", tmp_path / "noisy.wav", tmp_path / "clean.wav")
        assert (answer.returncode == 0) == (rate_hz == 16000)
    assert "resample the recording to 16000 Hz" in answer.stderr
    assert len(soundfile.read(tmp_path / "clean.wav")[0]) == 1


def test_the_example_is_short(repository):
    program = (repository / "egs2" / "urgent26" / "onnx_example.py").read_text(encoding="utf-8")
    assert len([line for line in program.splitlines() if line.strip()]) <= 30
