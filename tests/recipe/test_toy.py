"""One pass through all stages with a toy model: killed twice on the way, then again, then with mistakes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from espnet_plugin.audio.scp import read_scp

pytestmark = [pytest.mark.recipe, pytest.mark.toy]

PATIENCE_S = 300
POLL_S = 0.01


class Recipe:
    """run.sh in a folder of its own, with this interpreter."""

    def __init__(self, repository: Path, folder: Path):
        self.folder = folder
        self.command = [
            str(repository / "egs2/urgent26/enh1/run.sh"),
            *("--python", sys.executable, "--nj", "2", "--mini_utterances", "12"),
            *("--datadir", "data", "--dumpdir", "dump", "--expdir", "exp", "--enh_tag", "toy"),
            *("--train_config", str(repository / "conf/train/semamba_pp_toy.yaml")),
        ]
        self.experiment = folder / "exp" / "toy"

    def run(self, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*self.command, *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def succeed(self, *options: str) -> str:
        result = self.run(*options)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
        return result.stdout

    def kill_when(self, condition: Callable[[], bool], *options: str) -> bool:
        """Kill -9 the run and all its processes as soon as the condition holds; False if it ended before."""
        process = subprocess.Popen(
            [*self.command, *options],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        end = time.monotonic() + PATIENCE_S
        while process.poll() is None and not condition():
            assert time.monotonic() < end, "the stage did not come so far"
            time.sleep(POLL_S)
        ended = process.poll() is not None
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
        error = process.communicate()[1].decode()
        assert not ended or process.returncode == 0, error[-3000:]
        return not ended

    def files(self, *suffixes: str) -> dict[str, tuple[int, int]]:
        found = (path for path in self.folder.rglob("*") if path.suffix in suffixes and path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


@pytest.fixture(scope="module")
def recipe(repository, tmp_path_factory):
    """The finished recipe, which was killed in stages 2 and 5 and then continued."""
    recipe = Recipe(repository, tmp_path_factory.mktemp("toy recipe"))
    recipe.succeed("--stage", "1", "--stop_stage", "1")

    rendered = recipe.folder / "dump" / "simulated" / "train" / "noisy"
    recipe.killed_in_2 = recipe.kill_when(
        lambda: any(rendered.rglob("*.flac")), "--stage", "2", "--stop_stage", "2"
    )
    recipe.succeed("--stage", "2", "--stop_stage", "2")

    # Simulated speech stands in for real recordings: one folder with references, one without.
    valid = recipe.folder / "dump" / "simulated" / "valid"
    for kind in ("noisy", "clean"):
        shutil.copytree(next((valid / kind).iterdir()), recipe.folder / "my recordings" / kind)
    paired = f"paired={recipe.folder}/my recordings/noisy,{recipe.folder}/my recordings/clean"
    recipe.tests = ("--extra_test", paired, "--extra_test", "real=my recordings/noisy")

    recipe.killed_in_5 = recipe.kill_when(
        (recipe.experiment / "checkpoint.pth").is_file, "--stage", "3", "--stop_stage", "5", *recipe.tests
    )
    recipe.log_when_killed = (recipe.experiment / "train.log").read_text()
    recipe.output = recipe.succeed("--stage", "3", *recipe.tests)
    return recipe


def test_results_of_all_sets(recipe):
    results = (recipe.experiment / "RESULTS.md").read_text(encoding="utf-8")
    for name in ("test", "paired", "real"):
        assert f"\n## {name} (1 file)" in results
    assert "PESQ" in recipe.output and "DNSMOS" in recipe.output and "RESULTS.md" in recipe.output
    assert "./run.sh --python" in results
    pictures = list((recipe.experiment / "images").glob("*.png"))
    for name in ("training_curve", "test_", "paired_", "real_"):
        assert any(path.name.startswith(name) and path.stat().st_size > 1000 for path in pictures), name
    for side in ("noisy", "enhanced"):
        scores = json.loads((recipe.experiment / "scores" / "paired" / side / "scores.json").read_text())
        assert "SI_SDR" in json.dumps(scores)


def test_enhanced_files_have_the_size_of_the_noisy_ones(recipe):
    for name in ("test", "paired", "real"):
        noisy = read_scp(recipe.folder / "data" / name / "wav.scp")
        enhanced = read_scp(recipe.experiment / "enhanced" / name / "spk1.scp")
        assert noisy.keys() == enhanced.keys()
        for identifier, path in enhanced.items():
            before, after = soundfile.info(noisy[identifier]), soundfile.info(path)
            assert (before.frames, before.samplerate) == (after.frames, after.samplerate)


def test_killed_stages_were_continued_and_left_nothing_half_written(recipe):
    assert recipe.killed_in_2 and recipe.killed_in_5
    log = (recipe.experiment / "train.log").read_text()
    assert log.startswith(recipe.log_when_killed)
    assert "1epoch started" not in log[len(recipe.log_when_killed) :], "the first epoch was trained again"
    leftovers = [path for path in recipe.folder.rglob(".*") if path.suffix in (".tmp", ".partial")]
    assert not leftovers
    meta = (recipe.folder / "dump" / "simulated" / "train" / "meta.tsv").read_text().splitlines()
    for path in (recipe.folder / "dump" / "simulated" / "train" / "noisy").rglob("*.flac"):
        frames = soundfile.info(path).frames
        assert any(line.startswith(f"{path.stem}\t") and f"\t{frames}\t" in line for line in meta)


def test_second_run_does_nothing(recipe):
    suffixes = (".flac", ".wav", ".pth", ".png", ".tsv", ".log", ".yaml", ".txt", ".csv")
    before = recipe.files(*suffixes)
    results = (recipe.experiment / "RESULTS.md").read_text(encoding="utf-8")
    output = recipe.succeed(*recipe.tests)
    assert recipe.files(*suffixes) == before
    assert output.count("already done") >= 9
    # The quoted command differs: this run began with stage 1.
    assert (recipe.experiment / "RESULTS.md").read_text(encoding="utf-8").partition("Reproduce")[0] in results


def test_the_model_is_packed_without_a_trace_of_this_machine(recipe):
    output = recipe.succeed("--stage", "9", "--stop_stage", "10")
    assert "Stage 10: no upload" in output
    with zipfile.ZipFile(recipe.experiment / "pack" / "toy.zip") as archive:
        names = archive.namelist()
        assert {"meta.yaml", "config.yaml", "model.pth", "README.md", "RESULTS.md"} < {*names}
        assert "images/training_curve.png" in names
        for name in names:
            content = archive.read(name)
            for trace in (recipe.folder, recipe.folder.parent, Path.home(), Path.cwd()):
                assert str(trace).encode() not in content, (name, trace)
        card = archive.read("README.md").decode()
    assert "### paired (1 file)" in card and "| train |" in card and "- deu\n" in card


@pytest.mark.parametrize(
    "options, words",
    [
        (["--stage", "1", "--stop_stage", "1", "--seed", "5"], "--force"),
        (["--stage", "3", "--stop_stage", "3", "--extra_test", "more=nowhere"], "nowhere does not exist"),
        (["--stage", "3", "--stop_stage", "3", "--extra_test", "more=empty"], "holds no audio file"),
        (["--stage", "3", "--stop_stage", "3", "--extra_test", "more=text"], "no audio file that"),
        (["--stage", "2", "--stop_stage", "2", "--simulate_config", "typo.yaml"], "noize"),
        (["--stage", "6", "--stop_stage", "6", "--inference_config", "typo.yaml"], "unknown key 'noize'"),
        (["--stage", "6", "--stop_stage", "6", "--enh_tag", "other"], "run stage 5"),
        (["--stage", "4", "--stop_stage", "4", "--datadir", "nowhere"], "run stage 3"),
    ],
)
def test_mistakes_are_one_line_and_lose_nothing(recipe, options, words):
    (recipe.folder / "empty").mkdir(exist_ok=True)
    (recipe.folder / "text").mkdir(exist_ok=True)
    (recipe.folder / "text" / "a.wav").write_text("no audio")
    (recipe.folder / "typo.yaml").write_text("noize: 1\n")
    before = recipe.files(".flac", ".wav", ".pth", ".scp", ".tsv")
    result = recipe.run(*options)
    printed = (line.strip() for line in result.stderr.replace("\r", "\n").splitlines())
    errors = [line for line in printed if line and "file/s]" not in line]  # what is no progress bar
    assert result.returncode == 2, result.stdout + result.stderr
    assert len(errors) == 1 and words in errors[0], errors
    after = recipe.files(".flac", ".wav", ".pth", ".scp", ".tsv")
    assert {path: after[path] for path in before} == before
