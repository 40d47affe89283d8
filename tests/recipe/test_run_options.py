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
        (["--stage", "3", "--stop_stage", "2"], "1 to 10"),
        (["--stop_stage=11"], "1 to 10"),
        (["--stop_stage=8"], "needs --submission_readme FILE"),
        (["--stage=8", "--submission_readme", "nowhere"], "needs --submission_readme FILE"),
        (["--stop_stage=9", "--submission_readme", "nowhere"], "needs --submission_readme FILE"),
        (["--stage=10"], "needs --hf_repo ORGANISATION/NAME"),
        (["--nj", "0"], "above 0"),
        (["--force", "maybe"], "true or false"),
        (["--enh_task", "both"], "auto, enh or gan"),
        (["--python", "nowhere"], "does not exist"),
        (["--model", "demucs"], "semamba_pp, gap_urgenet or espnet"),
        (["--model", "espnet", "--inference_config", "x.yaml"], "not both"),
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


def test_parts_that_keep_what_frozen_networks_give(run):
    answer = run("--stage=5", "--stop_stage=5", "--train_part", "postnet", "--frozen_cache", "my cache")
    assert "[--train_part][postnet][--frozen_cache][my cache]" in answer.stdout


def test_enhancement_with_a_given_model(run, repository, tmp_path):
    answer = run("--stage=5", "--model", "gap_urgenet", "--checkpoint", "my files")
    scripts = re.findall(r"^\[(\w+)\.py\]", answer.stdout, re.MULTILINE)
    assert scripts == ["enhance", "score"] and "Stage 5: nothing to train" in answer.stdout
    assert "[--config][conf/enhance/gap_urgenet.yaml]" in answer.stdout
    assert "[--experiment][exp/gap_urgenet][--checkpoint][my files]" in answer.stdout
    assert "exp/gap_urgenet/RESULTS.md" in answer.stdout
    answer = run("--stage=6", "--stop_stage=6", "--model=espnet", "--enh_tag=bsrnn", folder=tmp_path)
    assert f"[--config][{repository}/egs2/urgent26/enh1/conf/enhance/espnet.yaml]" in answer.stdout
    assert "/exp/bsrnn]" in answer.stdout and "--checkpoint" not in answer.stdout


def test_the_submission(run, tmp_path):
    readme = tmp_path / "my readme.yaml"
    readme.touch()
    answer = run("--stage", "8", "--submission_readme", readme, "--submission_set", "blind", "--nj=3")
    assert answer.returncode == 0, answer.stderr
    experiment = "[--data_dir][data][--experiment][exp/semamba_pp_mini]"
    assert f"[package.py]{experiment}[--readme][{readme}][--nj][3][--set][blind]" in answer.stdout
    assert answer.stdout.count(".py]") == 1 and "RESULTS.md" not in answer.stdout


def test_pack_and_upload(run):
    answer = run("--stage=9", "--stop_stage=10", "--hf_repo", "me/model", "--hf_private", "--checkpoint", "my file")
    pack, upload = re.findall(r"^\[\w+\.py\].*$", answer.stdout, re.MULTILINE)
    assert pack == "[pack.py][--experiment][exp/semamba_pp][--checkpoint][my file]"
    assert upload == "[upload.py][--experiment][exp/semamba_pp][--repo][me/model][--private]"
    words = ("--hf_permission", "by e-mail of today")
    assert "[--permission][by e-mail of today]" in run("--stage=10", "--hf_repo=me/model", *words).stdout


def test_submission_and_upload_are_left_out_where_nobody_asked(run):
    answer = run("--stage=7", "--stop_stage=10")
    assert answer.returncode == 0, answer.stderr
    scripts = re.findall(r"^\[(\w+)\.py\]", answer.stdout, re.MULTILINE)
    assert scripts == ["score", "pack"]
    assert "Stage 8: no submission, as --submission_readme" in answer.stdout
    assert "Stage 10: no upload, as --hf_repo" in answer.stdout


def test_from_another_folder_defaults_stay_in_the_recipe(run, repository, tmp_path):
    answer = run("--stage=4", "--stop_stage=4", "--datadir", "mine", folder=tmp_path)
    recipe = repository / "egs2/urgent26/enh1"
    assert f"[--data_dir][mine][--simulated_dir][{recipe}/dump/simulated]" in answer.stdout
    assert not any(path.name in ("data", "dump", "exp") for path in tmp_path.iterdir())


def test_corpora_of_the_challenge(run, repository, tmp_path):
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    for name in ("run.sh", "cmd.sh", "db.sh"):
        text = (repository / "egs2/urgent26/enh1" / name).read_text()
        text = re.sub(r"^VCTK=", "VCTK='/my corpora/vctk'", text, flags=re.MULTILINE)
        text = re.sub(r"^URGENT26_META=", "URGENT26_META=/meta", text, flags=re.MULTILINE)
        (recipe / name).write_text(text)
    (recipe / "run.sh").chmod(0o755)
    (recipe / "conf").symlink_to(repository / "conf")
    call = subprocess.run(
        [recipe / "run.sh", "--python", tmp_path / "fake python", "--corpus", "urgent26", "--stop_stage=2"]
        + ["--allow_missing", "--wind_files", "3", "--fixes", "wind_level wind_clipping", "--nj", "2"],
        cwd=recipe,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert call.returncode == 0, call.stderr
    corpus, simulate = re.findall(r"^\[\w+\.py\].*$", call.stdout, re.MULTILINE)
    assert "[--corpus][urgent26][--corpus_dir][dump/corpus_urgent26]" in corpus
    assert "[--data_dir][data][--wind_files][3][--nj][2][--download][VCTK=/my corpora/vctk]" in corpus
    assert "[--id_lists][/meta][--allow_missing]" in corpus and "--bandwidths" not in corpus
    assert "[--config][conf/simulate/urgent26_train.yaml]" in simulate
    assert simulate.endswith("[--data_dir][data][--fixes][wind_level][wind_clipping]")


def test_the_challenge_on_the_fly(run):
    answer = run("--stage=5", "--stop_stage=5", "--corpus", "urgent26", "--on_the_fly")
    assert "[--degradation][conf/simulate/urgent26_on_the_fly.yaml]" in answer.stdout
    mine = ("--simulate_config", "my train.yaml")
    answer = run("--stage=5", "--stop_stage=5", "--corpus", "urgent26", "--on_the_fly", *mine)
    assert "[--degradation][my train.yaml]" in answer.stdout
