"""A worker has one thread, and does not outlive the process it works for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from espnet_plugin.worker_processes import in_processes

CODE = """
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from espnet_plugin.worker_processes import start_worker

if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start_worker) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        input()
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # where there is one; a zombie is dead, too
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_worker_ends_when_its_parent_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    worker = int(parent.stdout.readline())
    assert alive(worker)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 20
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(worker)


def test_workers_have_one_thread_and_results_come_in_order():
    outcomes = list(in_processes(threads_of_torch, list(range(6)), 2, tasks_per_trip=1, tasks_per_worker=1))
    assert [task for task, _, _ in outcomes] == list(range(6))
    assert {threads for _, threads, _ in outcomes} == {1}
    assert os.getpid() not in {process for _, _, process in outcomes}


def threads_of_torch(task):
    import torch

    return task, torch.get_num_threads(), os.getpid()
