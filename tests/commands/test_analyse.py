"""`urgent26 analyse` from the command line, on files of every kind."""

import numpy as np
import pytest
import torch

from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import main
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.semamba_pp.network import SEMambaPP

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint, and two recordings in `speech`."""
    folder = tmp_path_factory.mktemp("analyse")
    torch.manual_seed(0)
    options = {"channels": 4, "blocks": 1, "state_size": 2, "dense_depth": 1}
    save_safetensors(folder / "model.safetensors", options, SEMambaPP(**options).state_dict())
    random = np.random.default_rng(0)
    for number in range(2):
        write_audio(folder / "speech" / f"{number}.wav", 0.1 * random.standard_normal(8000), 16000)
    return folder


def analyse(folder, kind, *arguments):
    speech = [] if kind == "softplus" else [str(folder / "speech"), "--seconds", "0.3"]
    options = ["-o", str(folder / kind), "--device", "cpu"]
    return main(["analyse", kind, str(folder / "model.safetensors"), *speech, *options, *arguments])


@pytest.mark.parametrize(
    "kind, arguments, files",
    [
        ("softplus", [], ["softplus.csv", "softplus_curves.csv", "softplus.png"]),
        ("gradients", ["--share", "0.2"], ["gradients_iou.csv", "gradients_table.csv", "gradients.png"]),
        ("paths", ["--limit", "1"], ["paths_ratios.csv", "paths.csv", "paths.png"]),
        (
            "intensity",
            ["--metrics", "si-sdr", "--degradations", "noise,clipping"],
            ["intensity_scores.csv", "intensity.csv", "intensity.png"],
        ),
    ],
)
def test_each_analysis_writes_its_files(folder, kind, arguments, files, capsys):
    pytest.importorskip("resampy")
    assert analyse(folder, kind, *arguments) == 0
    assert sorted(path.name for path in (folder / kind).iterdir()) == sorted(files)
    assert capsys.readouterr().out.count("written:") == 3


@pytest.mark.parametrize(
    "kind, arguments, message",
    [
        ("gradients", ["--share", "1.5"], "between 0 and 1"),
        ("gradients", ["--limit", "0"], "at least 1"),
        ("paths", ["--noise", "nowhere"], "nowhere does not exist"),
        ("intensity", ["--metrics", "PESK"], "no metric 'PESK'"),
        ("intensity", ["--metrics", "LSD", "--degradations", "wind"], "no degradation 'wind'"),
    ],
)
def test_mistakes_are_one_line(folder, kind, arguments, message, capsys):
    try:
        assert analyse(folder, kind, *arguments) == 2
    except SystemExit as stop:
        assert stop.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("urgent26 analyse") and message in error
