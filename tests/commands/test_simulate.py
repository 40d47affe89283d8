import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import main


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    random = np.random.default_rng(0)
    for name in ("speech", "noise"):
        for index in range(2):
            write_audio(folder / f"{name}{index}.wav", 0.1 * random.standard_normal(8000), 16000)
        (folder / f"{name}.scp").write_text("".join(f"{name}{i} 16000 {name}{i}.wav\n" for i in range(2)))
    return folder


def test_draw_and_render(corpus, tmp_path, repository, capsys):
    config, out = str(repository / "conf/simulate/restoration.yaml"), tmp_path / "set"
    draw = ["simulate", "draw", "--config", config, "--corpus", str(corpus), "--output_dir", str(out)]
    render = [
        "simulate",
        "render",
        "--config",
        config,
        "--meta",
        str(out / "meta.tsv"),
        "--output_dir",
        str(out),
    ]
    assert main([*draw, "--repetitions", "2"]) == 0
    assert "4 files drawn" in capsys.readouterr().out
    assert main([*render, "--nj", "1"]) == 0
    assert len(list(out.rglob("*.flac"))) == 8
    assert "4 files rendered, 0 were there" in capsys.readouterr().out
    assert main([*render, "--nj", "1"]) == 0
    assert "0 files rendered, 4 were there" in capsys.readouterr().out
    assert main([*draw, "--seed", "9"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("urgent26 simulate:") and "--force" in error


def test_failures_are_counted_and_exit_with_1(corpus, tmp_path, repository, capsys):
    config, out = str(repository / "conf/simulate/restoration.yaml"), tmp_path / "set"
    assert (
        main(["simulate", "draw", "--config", config, "--corpus", str(corpus), "--output_dir", str(out)]) == 0
    )
    write_audio(corpus / "speech0.wav", np.zeros(8000), 16000)
    arguments = ["--config", config, "--meta", str(out / "meta.tsv"), "--output_dir", str(out), "--nj", "1"]
    assert main(["simulate", "render", *arguments]) == 1
    assert "1 files failed" in capsys.readouterr().err


def test_a_step_is_needed(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["simulate"])
    assert stop.value.code == 2
