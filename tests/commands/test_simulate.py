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


def test_the_challenge_is_drawn_without_a_corpus(shared, tmp_path, corpus, capsys):
    config = str(shared / "fixtures" / "simulation" / "simulation.yaml")
    draw = ["simulate", "draw", "--config", config, "--output_dir", str(tmp_path / "set")]
    assert main([*draw, "--repetitions", "1"]) == 0
    assert "14 files drawn" in capsys.readouterr().out
    assert main([*draw, "--repetitions", "1", "--fixes", "--force"]) == 0
    header = (tmp_path / "set" / "meta.tsv").read_text().splitlines()[0]
    assert header == "# fixes: reverberation_share wind_level wind_clipping"
    assert main([*draw, "--corpus", str(corpus)]) == 2
    assert "leave --corpus out" in capsys.readouterr().err
    assert main(["simulate", "report", str(tmp_path / "set")]) == 0
    assert "14 files" in capsys.readouterr().out


def test_options_of_the_other_simulation_are_mistakes(corpus, tmp_path, repository, capsys):
    config, out = str(repository / "conf/simulate/restoration.yaml"), str(tmp_path / "set")
    draw = ["simulate", "draw", "--config", config, "--output_dir", out]
    assert main(draw) == 2
    assert "needs --corpus" in capsys.readouterr().err
    assert main([*draw, "--corpus", str(corpus), "--fixes"]) == 2
    assert "--fixes corrects the official simulation" in capsys.readouterr().err
    render = ["simulate", "render", "--config", config, "--meta", f"{out}/meta.tsv", "--output_dir", out]
    assert main([*render, "--high_pass", "false"]) == 2
    assert "--high_pass belongs to the challenge" in capsys.readouterr().err


def test_jobs_share_the_rows_and_a_call_without_job_merges(corpus, tmp_path, repository, capsys):
    config, out = str(repository / "conf/simulate/restoration.yaml"), tmp_path / "set"
    common = ["--config", config, "--output_dir", str(out)]
    assert main(["simulate", "draw", *common, "--corpus", str(corpus), "--repetitions", "3"]) == 0
    render = ["simulate", "render", *common, "--meta", str(out / "meta.tsv")]
    capsys.readouterr()
    assert main([*render, "--nj", "4", "--job", "2"]) == 0
    assert "2 files rendered" in capsys.readouterr().out
    assert sorted(path.stem for path in out.glob("noisy/*/*")) == ["fileid_2", "fileid_6"]
    assert main([*render, "--nj", "1"]) == 0
    assert "4 files rendered, 2 were there" in capsys.readouterr().out
    for job in ("0", "5"):
        assert main([*render, "--nj", "4", "--job", job]) == 2


def test_wind_noise(tmp_path, capsys):
    wind = ["simulate", "wind", "--output_dir", str(tmp_path), "--rates", "8000", "--count", "1", "--seconds", "1"]
    assert main(wind) == 0
    assert "1 files made" in capsys.readouterr().out
    assert (tmp_path / "wind_noise_8000hz_0.wav").is_file()
