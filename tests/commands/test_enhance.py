"""``urgent26 enhance`` with GAP-URGENet: its options, and one line for every mistake."""

import numpy as np
import pytest
import soundfile
import torch

import espnet_plugin
from espnet_plugin import cli
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.semamba_pp.network import SEMambaPP

SEMAMBA = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}


@pytest.fixture
def noisy(tmp_path):
    path = tmp_path / "noisy.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((5037, 2)), 22050, "PCM_16")
    return path


def enhance(*arguments):
    return cli.main(["enhance", *map(str, arguments), "--device", "cpu"])


def refusal(capsys, *arguments) -> str:
    """The one line of an error, with exit code 2."""
    capsys.readouterr()
    assert enhance(*arguments) == 2
    printed = capsys.readouterr()
    lines = [line for line in printed.err.replace("\r", "\n").splitlines() if line and "file/s]" not in line]
    assert len(lines) == 1 and lines[0].startswith("urgent26 enhance: ") and not printed.out
    return lines[0]


def test_options_reach_the_model(official, noisy, tmp_path, capsys):
    out = tmp_path / "out"
    chosen = {"branch": "predictive", "level": "rms", "packet_loss": "off"}
    words = [word for name, value in chosen.items() for word in (f"--{name}", value)]
    assert enhance(noisy, "-o", out, "--model", "gap_urgenet", "--checkpoint", official, *words) == 0
    wave, rate_hz = soundfile.read(noisy, dtype="float32")
    model = espnet_plugin.load("gap_urgenet", official, device="cpu", **chosen)
    written, written_hz = soundfile.read(out / "noisy.wav", dtype="float32")
    assert written_hz == 22050
    np.testing.assert_allclose(written, np.clip(model.enhance(wave, rate_hz), -1, 1), atol=3e-5)
    assert "1 enhanced" in capsys.readouterr().out


def test_output_rate(official, noisy, tmp_path, capsys):
    arguments = (noisy, "-o", tmp_path / "out", "--checkpoint", official, "--output_rate", "16000")
    assert enhance(*arguments) == 0
    info = soundfile.info(tmp_path / "out" / "noisy.wav")
    assert (info.frames, info.samplerate, info.channels) == (5037 * 16000 // 22050, 16000, 2)
    assert enhance(*arguments) == 0 and "1 were there already" in capsys.readouterr().out
    # Of another rate it is no result of the same command.
    assert "add --force" in refusal(capsys, *arguments[:-2])
    assert "above 0" in refusal(capsys, *arguments[:-1], "0", "--force")


@pytest.mark.parametrize(
    "option", ["--branch=fused", "--level=peak", "--packet_loss=off", "--output_rate=8000"]
)
def test_options_that_the_model_does_not_have(noisy, tmp_path, capsys, option):
    network = SEMambaPP(**SEMAMBA)
    save_safetensors(tmp_path / "small.safetensors", SEMAMBA, network.state_dict())
    line = refusal(
        *(capsys, noisy, "-o", tmp_path / "out", "--checkpoint", tmp_path / "small.safetensors", option)
    )
    assert f"semamba_pp has no {option.partition('=')[0]}, only gap_urgenet" in line


def test_wiring_is_no_option_of_gap_urgenet(official, noisy, tmp_path, capsys):
    line = refusal(capsys, noisy, "-o", tmp_path / "out", "--checkpoint", official, "--wiring", "old")
    assert "gap_urgenet has no --wiring" in line


def truncate(path):
    path.write_bytes(path.read_bytes()[:-2000])


def swap(path):
    other = path.with_name("PostNet.pt")
    content = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)


def change_cfg(path):
    content = torch.load(path, weights_only=True)
    content["cfg"]["emb_dim"] += 2
    torch.save(content, path)


class Exploit:
    """Would run code if a checkpoint were unpickled without care."""

    def __reduce__(self):
        return (print, ("this must never be printed",))


def poison(path):
    torch.save({"model": Exploit(), "cfg": {}}, path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "Predictor.pt is missing"),
        (truncate, "Predictor.pt cannot be read"),
        (swap, "Predictor.pt holds the weights of PostNet.pt"),
        (change_cfg, "Predictor.pt does not fit its own cfg"),
        (poison, "Predictor.pt is not a plain checkpoint of tensors and was refused"),
    ],
    ids=["missing", "truncated", "swapped", "cfg", "pickle"],
)
def test_a_bad_file_of_the_five_is_one_line(official, noisy, tmp_path, capsys, damage, words):
    damage(official / "Predictor.pt")
    assert words in refusal(capsys, noisy, "-o", tmp_path / "out", "--checkpoint", official)
    assert not (tmp_path / "out").exists()
    assert cli.main(["convert", str(official), str(tmp_path / "gap.safetensors")]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noisy.wav", "official"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(official, tmp_path, capsys, value):
    wave = np.zeros(4000, np.float32)
    wave[1000] = value
    soundfile.write(tmp_path / "broken.wav", wave, 16000, "FLOAT")
    line = refusal(capsys, tmp_path / "broken.wav", "-o", tmp_path / "out", "--checkpoint", official)
    assert "broken.wav" in line and "holds NaN or infinite samples" in line
    assert not (tmp_path / "out").exists()


def test_one_broken_recording_of_several_does_not_stop_the_others(official, noisy, tmp_path, capsys):
    soundfile.write(tmp_path / "broken.wav", np.full(4000, np.nan, np.float32), 16000, "FLOAT")
    out = tmp_path / "out"
    assert enhance(tmp_path / "broken.wav", noisy, "-o", out, "--checkpoint", official) == 1
    assert "FAILED broken: " in capsys.readouterr().out
    assert [path.name for path in out.iterdir()] == ["noisy.wav"]
