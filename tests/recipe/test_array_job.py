"""Stage 2 as an array of jobs, with a stand-in for sbatch that runs them one after the other."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.simulated_sets import simulate_sets
from tests.simulation.conftest import make_corpus

SBATCH = """#!/bin/bash
while [[ $1 == --* ]]; do shift; done
for ((job = 1; job <= 3; job++)); do
    SLURM_ARRAY_TASK_ID=$job SLURM_ARRAY_TASK_MAX=3 "$@" || exit 1
done
"""


@pytest.fixture
def environment(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("show", '#!/bin/bash\nprintf "[%s]" "${@##*/}"; echo\n')):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}


def test_the_recipe_draws_then_renders_shares_then_the_rest(repository, environment):
    answer = subprocess.run(
        ["./run.sh", "--python", "show", "--stage=2", "--stop_stage=2", "--nj=9", "--force"],
        cwd=repository / "egs2/urgent26/enh1",
        env={**environment, "array_cmd": f"sbatch --wait --array=1-3 {repository}/local/array_job.sh"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    calls = re.findall(r"^\[simulate\.py\].*$", answer.stdout, re.MULTILINE)
    ends = ["draw][--force]", "render]", "render]", "render]", "render][--force]"]
    ends[1:4] = [f"render][--force][--nj][3][--job][{job}]" for job in (1, 2, 3)]
    assert [call.partition("[--only][")[2] for call in calls] == ends


def test_jobs_render_their_shares_and_the_last_call_the_rest(repository, environment, tmp_path):
    for name in ("train", "valid", "test"):
        make_corpus(tmp_path / "corpus" / name, utterances=4)
    config = tmp_path / "config.yaml"
    base = repository / "conf/simulate/restoration.yaml"
    config.write_text(yaml.safe_dump({"base": str(base), "bandwidth": {"methods": ["polyphase"]}}))
    sets = (tmp_path / "corpus", tmp_path / "simulated", config)
    with pytest.raises(UserError, match="--job belongs to --only render"):
        simulate_sets(*sets, part=(1, 3))
    simulate_sets(*sets, only="draw")
    assert not list((tmp_path / "simulated").rglob("*.flac"))
    script = [sys.executable, repository / "local" / "simulate.py", "--only", "render"]
    options = ("--corpus_dir", "--simulated_dir", "--config")
    script += [word for pair in zip(options, sets) for word in pair]
    answer = subprocess.run(
        [repository / "local" / "array_job.sh", *map(str, script)],
        env={**os.environ, "SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MAX": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    noisy = tmp_path / "simulated" / "train" / "noisy"
    assert [path.stem for path in noisy.rglob("*.flac")] == ["fileid_2"]
    simulate_sets(*sets, only="render", force=True)
    assert len(list(noisy.rglob("*.flac"))) == 4
    before = (noisy / "0" / "fileid_2.flac").stat().st_mtime_ns
    simulate_sets(*sets)
    assert (noisy / "0" / "fileid_2.flac").stat().st_mtime_ns == before
