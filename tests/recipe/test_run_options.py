"""The options of run.sh, with an interpreter that only shows what it is called with."""

import os
import re
import subprocess

import pytest


@pytest.fixture
def run(repository, tmp_path):
    fake = tmp_path / "fake python"
    fake.write_text('#!/bin/bash\nprintf "[%s]" "${@##*/local/}"; echo\n')
    fake.chmod(0o755)

    def call(*arguments, folder=None):
        return subprocess.run(
            [repository / "egs2/urgent26/enh1/run.sh", "--python", fake, *arguments],
            cwd=folder or repository / "egs2/urgent26/enh1",
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


def test_help_names_every_option_with_its_default(run):
    answer = run("--help")
    assert answer.returncode == 0
    options = "stage stop_stage ngpu nj expdir dumpdir datadir corpus extra_test seed force python"
    for option in options.split():
        assert re.search(rf"^  --{option} ", answer.stdout, re.MULTILINE), option
    assert "[conf/train/semamba_pp_mini.yaml]" in answer.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--stagee", "1"], "unknown option --stagee; did you mean --stage?"),
        (["--train-config", "x"], "did you mean --train_config?"),
        (["stage"], "'stage' is no option"),
        (["--stage"], "needs a value"),
        (["--stage", "--force"], "needs a value"),
        (["--stage", "one"], "whole number"),
        (["--stage", "3", "--stop_stage", "2"], "1 to 7"),
        (["--stop_stage=8"], "1 to 7"),
        (["--nj", "0"], "above 0"),
        (["--force", "maybe"], "true or false"),
        (["--enh_task", "both"], "auto, enh or gan"),
        (["--python", "nowhere"], "does not exist"),
    ],
)
def test_mistakes_are_one_line_and_code_2(run, arguments, words):
    answer = run(*arguments)
    assert answer.returncode == 2 and words in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_all_stages_in_order(run):
    answer = run()
    assert answer.returncode == 0, answer.stderr
    scripts = re.findall(r"^\[(\w+)\.py\]", answer.stdout, re.MULTILINE)
    assert scripts == "corpus simulate format_data data_statistics train enhance score".split()
    assert "exp/semamba_pp_mini/RESULTS.md" in answer.stdout
    assert len(re.findall(r"^-- Stage \d took \d+ s$", answer.stdout, re.MULTILINE)) == 7


def test_values_with_blanks_arrive_whole(run):
    only_3, only_5 = ("--stage=3", "--stop_stage", "3"), ("--stage", "5", "--stop_stage", "5")
    answer = run(*only_3, "--extra_test", "a=my dir,other dir", "--extra_test=b=c", "--force")
    assert "[--extra_test][a=my dir,other dir][--extra_test][b=c]" in answer.stdout
    assert answer.stdout.rstrip().splitlines()[2].endswith("[--force]")
    answer = run(*only_5, "--train_config", "my conf/big one.yaml", "--expdir", "my exp")
    assert "[--config][my conf/big one.yaml]" in answer.stdout
    assert "[--experiment][my exp/big one]" in answer.stdout
    assert "[--enh_task][auto]" in answer.stdout
    assert "[--enh_task][gan]" in run(*only_5, "--enh_task=gan").stdout


def test_folder_options(run):
    folders = ("--corpus", "folder", "--clean_dir", "a b", "--noise_dir", "c")
    answer = run("--stage=1", "--stop_stage=1", *folders, "--seed", "7")
    assert "[--corpus][folder][--corpus_dir][dump/corpus_folder][--seed][7]" in answer.stdout
    assert "[--clean_dir][a b][--noise_dir][c]" in answer.stdout and "rir_dir" not in answer.stdout


def test_speech_that_the_training_degrades(run):
    answer = run("--stage=2", "--stop_stage=5", "--on_the_fly", "--init", "my model.pth")
    simulate, format_data, statistics, train = re.findall(r"^\[\w+\.py\].*$", answer.stdout, re.MULTILINE)
    assert simulate.endswith("[--on_the_fly]") and format_data.endswith("[--on_the_fly]")
    assert "[--init][my model.pth]" in train
    assert "[--degradation][conf/simulate/restoration_mini.yaml]" in train
    assert "[--corpus_dir][dump/corpus_mini]" in train
    assert "on_the_fly" not in statistics + train
    assert "degradation" not in run("--stage=5", "--stop_stage=5").stdout


def test_from_another_folder_defaults_stay_in_the_recipe(run, repository, tmp_path):
    answer = run("--stage=4", "--stop_stage=4", "--datadir", "mine", folder=tmp_path)
    recipe = repository / "egs2/urgent26/enh1"
    assert f"[--data_dir][mine][--simulated_dir][{recipe}/dump/simulated]" in answer.stdout
    assert not any(path.name in ("data", "dump", "exp") for path in tmp_path.iterdir())
