"""The verb `score`."""

import json
import subprocess
import sys

import numpy as np
import pytest

from espnet_plugin.audio.scp import find_audio, write_scp
from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import main


@pytest.fixture
def folders(tmp_path):
    random = np.random.default_rng(0)
    for name in ("a", "sub/b"):
        clean = random.uniform(-0.3, 0.3, 16000)
        write_audio(tmp_path / "clean" / f"{name}.flac", clean, 16000)
        write_audio(tmp_path / "enhanced" / f"{name}.wav", clean + random.uniform(-0.03, 0.03, 16000), 16000)
    return tmp_path


def score(folders, *extra, inf="enhanced", ref="clean"):
    return main(
        ["score", "--inf_scp", str(folders / inf), "--ref_scp", str(folders / ref)]
        + ["--output_dir", str(folders / "out"), "--metrics", "si-sdr,lsd", "--nj", "1", *extra]
    )


def test_folders_and_lists(folders, capsys):
    assert score(folders) == 0
    printed = capsys.readouterr().out
    assert "SI-SDR [dB] ↑" in printed and "LSD ↓" in printed
    document = json.loads((folders / "out" / "scores.json").read_text())
    assert document["metrics"]["SI_SDR"]["mean"] == pytest.approx(20, abs=0.5)
    assert (folders / "out" / "SI_SDR.scp").read_text().splitlines()[1].startswith("sub/b ")
    assert "| SI-SDR [dB] ↑ |" in (folders / "out" / "RESULTS.md").read_text(encoding="utf-8")

    write_scp(folders / "enhanced.scp", find_audio(folders / "enhanced"))
    write_scp(folders / "clean.scp", find_audio(folders / "clean"))
    assert score(folders, inf="enhanced.scp", ref="clean.scp") == 0
    assert json.loads((folders / "out" / "scores.json").read_text()) == document


def test_mixed_rates_are_scored_each_at_its_own_and_broken_down(folders):
    from espnet_plugin.audio.read import read_audio
    from espnet_plugin.scoring.metric import Item
    from espnet_plugin.scoring.registry import make

    random = np.random.default_rng(1)
    rates_hz = {"low": 8000, "a": 16000, "sub/b": 16000, "middle": 22050, "high": 48000}
    for name in ("low", "middle", "high"):
        clean = random.uniform(-0.3, 0.3, rates_hz[name])
        for side, level in (("clean", 0), ("enhanced", 0.1)):
            noise = level * random.uniform(-0.3, 0.3, len(clean))
            write_audio(folders / side / f"{name}.wav", clean + noise, rates_hz[name])
    (folders / "meta.tsv").write_text(
        "id\tsnr_dB\trir_uid\taugmentation\tfs\n"
        + "".join(f"{name}\t{rate_hz / 2000}\tnone\tnone\t{rate_hz}\n" for name, rate_hz in rates_hz.items())
    )
    (folders / "utt2lang").write_text("".join(f"{name} eng\n" for name in rates_hz))
    lists = ["--meta_tsv", str(folders / "meta.tsv"), "--utt2lang", str(folders / "utt2lang")]
    assert score(folders, *lists, "--metrics", "estoi,sdr,mcd,lsd") == 0

    for metric in ("ESTOI", "SDR", "MCD", "LSD"):
        lines = (folders / "out" / f"{metric}.scp").read_text().splitlines()
        values = {name: float(value) for name, value in map(str.split, lines)}
        assert values.keys() == rates_hz.keys()
        for name, rate_hz in rates_hz.items():
            (estimate, _), (clean, _) = (
                read_audio(next(folders.glob(f"{side}/{name}.*"))) for side in ("enhanced", "clean")
            )
            assert values[name] == make(metric).score(Item(estimate[:, 0], rate_hz, clean[:, 0]))[0]

    groups = json.loads((folders / "out" / "scores.json").read_text())["breakdown"]
    assert groups.keys() == {"SNR", "Sampling rate"}  # one language and one distortion are no breakdown
    assert {group: of["MCD"]["count"] for group, of in groups["Sampling rate"].items()} == {
        "8 kHz": 1, "16 kHz": 2, "22.05 kHz": 1, "48 kHz": 1
    }  # fmt: skip
    assert groups["Sampling rate"]["8 kHz"]["SDR"]["mean"] == pytest.approx(20, abs=1)
    results = (folders / "out" / "RESULTS.md").read_text(encoding="utf-8")
    assert "## Means by SNR\n\n| SNR | files | ESTOI" in results
    assert "\n| 15 dB and above | 1 |" in results and "| 16 kHz | 2 |" in results
    assert "by language" not in results


def test_files_that_cannot_be_scored_are_listed_and_give_exit_code_1(folders, capsys):
    write_audio(folders / "enhanced" / "a.wav", np.zeros(15999), 16000)
    assert score(folders) == 1
    captured = capsys.readouterr()
    assert "not scored: a:" in captured.out and "15999 samples, its reference 16000" in captured.out
    assert captured.err.splitlines()[-1] == "urgent26 score: 1 ids could not be scored, see above"
    assert (folders / "out" / "SI_SDR.scp").read_text().startswith("sub/b ")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--metrics", "mos"], "there is no metric 'mos'"),
        (["--metrics", ","], "no metric was named"),
        (["--nj", "0"], "--nj must be at least 1"),
        (["--inf_scp", "/nowhere"], "/nowhere does not exist"),
        (["--device", "cuda:99"], "there is no device 'cuda:99' here"),
        (["--require", "polqa"], "there is no metric 'polqa'"),
        (["--text", "/nowhere"], "cannot read /nowhere"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(folders, capsys, extra, words):
    assert score(folders, *extra) == 2
    error = capsys.readouterr().err
    assert words in error and error.startswith("urgent26 score: ") and error.count("\n") == 1


def test_help_teaches_without_importing_numpy(folders):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "espnet_plugin.cli", "score", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "examples:" in done.stdout and "DNSMOS" in done.stdout
    assert "numpy" not in done.stderr
