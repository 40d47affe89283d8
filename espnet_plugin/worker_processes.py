"""Worker processes: many small tasks over fresh ones, and how each of them starts and ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from espnet_plugin.errors import UserError

TASKS_PER_WORKER = 100  # fewer take less time than its start
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def in_processes(
    function: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    workers: int,
    tasks_per_trip: int = 8,
    tasks_per_worker: int = TASKS_PER_WORKER,
) -> Iterator[Outcome]:
    """Call a function for every task and yield what it returns, in the order of the tasks.

    Args:
        function: of a module, so that it can be sent; what it raises ends the whole.
        tasks: small enough to be sent.
        workers: processes at most; few tasks are done in this one.
        tasks_per_trip: to a worker and back.
        tasks_per_worker: how many make it worth to start one.

    Raises:
        UserError: a worker died.
    """
    workers = min(workers, len(tasks) // tasks_per_worker)
    if workers < 2:
        yield from map(function, tasks)
        return
    # Fresh processes: a fork of one that has threads (BLAS, numba) may hang.
    executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker)
    try:
        yield from executor.map(function, tasks, chunksize=tasks_per_trip)
    except BrokenProcessPool:
        raise UserError(
            "a process died, probably for lack of memory; run the same command again, with a smaller --nj"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def start_worker(threads: int | str = 1) -> None:
    """Set a worker process up: its threads, no part in Ctrl-C, and an end with its parent.

    The initializer of process pools. Nothing numerical may be imported before it: NumPy and the like read how
    many threads to use only once.

    Args:
        threads: of numerical libraries, as a number or as OMP_NUM_THREADS has it.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:  # not a worker
        return

    # The workers of a pool whose parent was killed wait for work for ever: each of them holds the other end
    # of the pipe it reads from, so none ever sees it closed.
    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="end with parent", daemon=True).start()
