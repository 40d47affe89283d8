"""``urgent26 enhance``: its options, pipes, files and folders, and one line for every mistake."""

import io
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pytest
import soundfile
import torch

import espnet_plugin
from espnet_plugin import cli
from espnet_plugin.enhance import record
from espnet_plugin.pretrained.load import save_official, save_safetensors
from espnet_plugin.semamba_pp.network import SEMambaPP

SEMAMBA = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}


@pytest.fixture
def noisy(tmp_path):
    path = tmp_path / "noisy.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((5037, 2)), 22050, "PCM_16")
    return path


def enhance(*arguments):
    return cli.main(["enhance", *map(str, arguments), "--device", "cpu"])


def results(folder) -> list[str]:
    """Whatever lies in a folder, but for the record of the run."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != record.NAME
    )


def refusal(capsys, *arguments, exit_code: int = 2) -> str:
    """The one line of an error: of a command that cannot be followed, or of the only file."""
    capsys.readouterr()
    assert enhance(*arguments) == exit_code
    printed = capsys.readouterr()
    lines = [line for line in printed.err.replace("\r", "\n").splitlines() if line and "file/s]" not in line]
    assert len(lines) == 1 and lines[0].startswith("urgent26 enhance: ") and not printed.out
    return lines[0]


def test_options_reach_the_model(official, noisy, tmp_path, capsys):
    out = tmp_path / "out"
    chosen = {"branch": "predictive", "level": "match", "packet_loss": "off"}
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
    "option", ["--branch=fused", "--packet_loss=off"]
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
    arguments = (tmp_path / "broken.wav", "-o", tmp_path / "out", "--checkpoint", official)
    line = refusal(capsys, *arguments, exit_code=1)
    assert "broken.wav" in line and "holds NaN or infinite samples" in line
    assert not results(tmp_path / "out")


def test_one_broken_recording_of_several_does_not_stop_the_others(official, noisy, tmp_path, capsys):
    soundfile.write(tmp_path / "broken.wav", np.full(4000, np.nan, np.float32), 16000, "FLOAT")
    out = tmp_path / "out"
    assert enhance(tmp_path / "broken.wav", noisy, "-o", out, "--checkpoint", official) == 1
    assert "FAILED broken: " in capsys.readouterr().out
    assert results(out) == ["noisy.wav"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """File of a tiny SEMamba++."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("small") / "small.safetensors"
    save_safetensors(path, SEMAMBA, SEMambaPP(**SEMAMBA).state_dict())
    return path


def test_help_imports_nothing_heavy(monkeypatch, capsys):
    for heavy in ("torch", "numpy", "soundfile", "scipy", "espnet2"):
        monkeypatch.setitem(sys.modules, heavy, None)  # an import would fail
    with pytest.raises(SystemExit):
        cli.main(["enhance", "--help"])
    assert "--highband" in capsys.readouterr().out


def test_one_file_into_one_file(noisy, small, tmp_path, capsys):
    out = tmp_path / "made" / "clean.flac"
    assert enhance(noisy, "-o", out, "--model", small, "--subtype", "PCM_24") == 0
    info = soundfile.info(out)
    assert (info.frames, info.samplerate, info.channels, info.subtype) == (5037, 22050, 2, "PCM_24")
    assert [path.name for path in out.parent.iterdir()] == ["clean.flac"]
    assert f"{out} exists; add --force" in refusal(capsys, noisy, "-o", out, "--model", small)
    assert "would overwrite its own input" in refusal(capsys, noisy, "-o", noisy, "--model", small, "--force")
    assert "2 recordings do not fit" in refusal(capsys, noisy, noisy, "-o", out, "--model", small)
    arguments = (tmp_path / "no.wav", "-o", tmp_path / "x.wav", "--model", small)
    missing = refusal(capsys, *arguments, exit_code=1)
    assert "no.wav does not exist" in missing


def test_pipes(noisy, small, tmp_path, monkeypatch, capfdbinary):
    assert enhance(noisy, "-o", tmp_path / "out", "--model", small) == 0
    capfdbinary.readouterr()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(noisy.read_bytes())))
    assert enhance("-", "-o", "-", "--model", small) == 0
    printed = capfdbinary.readouterr()
    assert printed.out == (tmp_path / "out" / "noisy.wav").read_bytes()
    assert b"1 enhanced" in printed.err
    # A pipe that does not know how long it will be.
    unknown = bytearray(noisy.read_bytes())
    place = unknown.index(b"data") + 4
    unknown[4:8] = unknown[place : place + 4] = b"\xff" * 4
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(unknown)))
    assert enhance("-", "-o", tmp_path / "piped", "--model", small) == 0
    assert (tmp_path / "piped" / "stdin.wav").read_bytes() == printed.out


def test_folder_report_and_failures(noisy, small, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.wav").write_bytes(noisy.read_bytes())
    (folder / "bad.wav").write_text("no audio")
    report = tmp_path / "report.tsv"
    arguments = (folder, tmp_path / "none.wav", "-o", tmp_path / "out", "--model", small, "--report", report)
    assert enhance(*arguments, "--channels", "mix", "--format", "flac") == 2
    printed = capsys.readouterr().out
    assert "FAILED bad: " in printed and "FAILED none: " in printed and "2 FAILED" in printed
    assert results(tmp_path / "out") == ["good.flac"]
    assert soundfile.info(tmp_path / "out" / "good.flac").channels == 1
    assert report.read_text().count("\tfailed\t") == 2
    # What is done is not done again, what was made otherwise is an error.
    assert enhance(*arguments, "--channels", "mix", "--format", "flac") == 2
    assert "0 enhanced, 1 were there already" in capsys.readouterr().out
    line = refusal(capsys, *arguments, "--channels", "mix", "--format", "flac", "--mix", "0.5")
    assert "mix: None -> 0.5" in line and "add --force" in line


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("nothing to enhance", ("-o", "out", "--model", "x.pth")),
        ("name the weights: --checkpoint", ("noisy.wav", "-o", "out")),
        ("name the weights: --checkpoint", ("noisy.wav", "-o", "out", "--model", "semamba_pp")),
        ("the checkpoint x.pth does not exist", ("noisy.wav", "-o", "out", "--model", "x.pth")),
        ("unknown model 'fast'", ("noisy.wav", "-o", "out", "--model", "fast", "--checkpoint", "x.pth")),
        ("--jobs is a number above 0", ("noisy.wav", "-o", "out", "--model", "x.pth", "--jobs", "0")),
        ("--channels is each, mix or", ("noisy.wav", "-o", "out", "--model", "SMALL", "--channels", "left")),
        ("written as .json or .tsv", ("noisy.wav", "-o", "out", "--model", "x.pth", "--report", "r.html")),
        ("--format is for folders", ("noisy.wav", "-o", "o.flac", "--model", "SMALL", "--format", "wav")),
    ],
)
def test_mistakes(noisy, small, tmp_path, monkeypatch, capsys, words, arguments):
    monkeypatch.chdir(tmp_path)
    arguments = [str(small) if argument == "SMALL" else argument for argument in arguments]
    assert words in refusal(capsys, *arguments)
    assert not results(tmp_path / "out") and not (tmp_path / "o.flac").exists()


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("there is no channel 3", ("-o", "out", "--channels", "3")),
        ("FLAC cannot hold FLOAT", ("-o", "o.flac", "--subtype", "FLOAT")),
    ],
)
def test_what_the_only_recording_cannot_give(noisy, small, tmp_path, monkeypatch, capsys, words, arguments):
    monkeypatch.chdir(tmp_path)
    assert words in refusal(capsys, noisy, "--model", small, *arguments, exit_code=1)
    assert not results(tmp_path / "out") and not (tmp_path / "o.flac").exists()


def test_an_ended_run_leaves_whole_files_and_the_next_one_completes_them(small, repository, tmp_path):
    """SIGTERM to the command itself, while it works."""
    wave = 0.1 * np.random.default_rng(0).standard_normal(12 * 16000)
    for name, seconds in (("a", 1), ("b", 12), ("c", 1)):
        soundfile.write(tmp_path / f"{name}.wav", wave[: 16000 * seconds], 16000, "PCM_16")
    sources = [str(tmp_path / f"{name}.wav") for name in "abc"]
    out = tmp_path / "out"
    command = [sys.executable, "-m", "espnet_plugin.cli", "enhance", *sources, "-o", str(out)]
    command += ["--model", str(small), "--device", "cpu"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=repository)
    while running.poll() is None and not (out / "a.wav").exists():
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 128 + signal.SIGTERM
    assert results(out) == ["a.wav"]
    before = (out / "a.wav").stat().st_mtime_ns
    assert enhance(*sources, "-o", out, "--model", small) == 0
    assert results(out) == ["a.wav", "b.wav", "c.wav"] and (out / "a.wav").stat().st_mtime_ns == before
    assert enhance(*sources, "-o", tmp_path / "other", "--model", small) == 0
    for name in results(out):
        assert (out / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_model_of_the_hub_by_its_name_alone(noisy, official, small, tmp_path, monkeypatch, capsys):
    import huggingface_hub

    folders = {"some/gap": official, "authors/semambapp": tmp_path / "hub"}
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, revision: str(folders[name]))
    (tmp_path / "hub").mkdir()
    save_official(tmp_path / "hub" / "semambapp.pth", SEMambaPP().state_dict())
    soundfile.write(tmp_path / "short.wav", soundfile.read(noisy)[0][:500], 22050, "PCM_16")
    for name in folders:
        assert enhance(tmp_path / "short.wav", "-o", tmp_path / name, "--model", name) == 0
        assert results(tmp_path / name) == ["short.wav"]
    # An empty folder is no model.
    (tmp_path / "nothing").mkdir()
    line = refusal(capsys, noisy, "-o", tmp_path / "out", "--model", tmp_path / "nothing")
    assert "nothing" in line and "config.yaml is missing" in line
