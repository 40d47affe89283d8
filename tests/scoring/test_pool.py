"""Worker processes: a crash costs one file, threads are pinned, and no orphans remain."""

import os
import subprocess
import sys
import time

from espnet_plugin.scoring.pool import Workers
from espnet_plugin.worker_processes import THREAD_VARIABLES

CRASHING = '''
import os, sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from espnet_plugin.scoring import pool
from espnet_plugin.scoring.worker import Task
import crash
pool.score_one = crash.score_one
if __name__ == "__main__":
    tasks = [Task(name, Path(name), None, ()) for name in "abcdefgh"]
    with pool.Workers(2) as workers:
        for outcome in sorted(workers.outcomes(tasks), key=lambda one: one.identifier):
            print(outcome.identifier, outcome.error)
'''
CRASH_MODULE = '''
import os
from espnet_plugin.scoring.worker import Outcome

def score_one(task):
    if task.identifier == "c":
        os._exit(139)
    return Outcome(task.identifier)
'''


def test_a_crashing_worker_costs_only_its_own_file(tmp_path):
    (tmp_path / "crash.py").write_text(CRASH_MODULE)
    (tmp_path / "main.py").write_text(CRASHING.format(folder=str(tmp_path)))
    done = subprocess.run(
        [sys.executable, str(tmp_path / "main.py")], capture_output=True, text=True, timeout=60, check=True
    )
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list("abcdefgh")
    assert [line for line in lines if not line.endswith("None")] == [
        "c c: a metric crashed; leave metrics out to find which"
    ]


def test_workers_have_one_thread_and_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time\n"
        "from espnet_plugin.scoring.pool import Workers\n"
        "if __name__ == '__main__':\n"
        "    workers = Workers(1)\n"
        "    pool = workers._started(1)\n"
        f"    names = {THREAD_VARIABLES!r}\n"
        "    print([pool.submit(os.getenv, name).result() for name in names], flush=True)\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout.readline().strip() == str(["1"] * len(THREAD_VARIABLES))
        worker = int(parent.stdout.readline())
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 10
    while _alive(worker):
        assert time.monotonic() < deadline, "the worker outlived its parent"
        time.sleep(0.05)


def test_no_process_starts_without_work():
    with Workers(2) as workers:
        assert list(workers.outcomes([])) == [] and workers._pool is None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
