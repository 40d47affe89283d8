"""Many small tasks over fresh processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar
from unittest import mock

from espnet_plugin.end_with_parent import end_with_parent
from espnet_plugin.errors import UserError

TASKS_PER_WORKER = 100  # fewer take less time than its start
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

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
    # Fresh processes: a fork of one that has threads (BLAS, numba) may hang. They inherit the environment
    # when they start, which is when the first tasks are handed out.
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent)
    try:
        with mock.patch.dict(os.environ, ONE_THREAD):
            outcomes = executor.map(function, tasks, chunksize=tasks_per_trip)
        yield from outcomes
    except BrokenProcessPool:
        raise UserError(
            "a process died, probably for lack of memory; run the same command again, with a smaller --nj"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)
