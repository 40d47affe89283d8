"""Many scoring tasks over worker processes, surviving a worker that crashes."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from espnet_plugin.machine import free_memory_gib
from espnet_plugin.scoring.worker import Outcome, Task, score_one
from espnet_plugin.worker_processes import start_worker

if TYPE_CHECKING:
    from espnet_plugin.scoring.metric import Metric


class Workers:
    """Worker processes with one thread each; a context manager that ends them.

    They start with the first task and stay for further calls, since each spends seconds on imports.

    Args:
        nj: how many; 0 computes in the calling process.
    """

    def __init__(self, nj: int = 0):
        self._nj = nj
        self._pool: ProcessPoolExecutor | None = None
        self._running = 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_error) -> None:
        self._stop()

    def processes_for(self, metric: Metric, device: str) -> int:
        """How many processes may hold the model of this metric: one beside a GPU, else as memory allows."""
        if metric.weights is not None and device != "cpu":
            return min(self._nj, 1)
        free_gib = free_memory_gib()
        return self._nj if free_gib is None else min(self._nj, max(1, int(free_gib / metric.memory_gib)))

    def outcomes(self, tasks: Iterable[Task], processes: int | None = None) -> Iterator[Outcome]:
        """Run tasks and yield what comes of them, in the order in which they finish.

        Args:
            tasks: what to do.
            processes: at most so many; None for all.
        """
        waiting = deque(tasks)
        count = self._nj if processes is None else min(processes, self._nj)
        if count == 0:
            for task in waiting:
                yield score_one(task)
            return
        while waiting:
            running: dict = {}
            try:
                while waiting or running:
                    while waiting and len(running) < 2 * count:
                        future = self._started(count).submit(score_one, waiting[0])
                        running[future] = waiting.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        outcome = future.result()
                        del running[future]
                        yield outcome
            except BrokenProcessPool:
                # A metric written in C crashed; the culprit is among those that were running.
                self._stop()
                for task in running.values():
                    yield self._alone(task)
                self._stop()

    def _alone(self, task: Task) -> Outcome:
        try:
            return self._started(1).submit(score_one, task).result()
        except BrokenProcessPool:
            self._stop()
            error = f"{task.estimate}: a metric crashed; leave metrics out to find which"
            return Outcome(task.identifier, error=error)

    def _started(self, count: int) -> ProcessPoolExecutor:
        if self._running != count:
            self._stop()
        if self._pool is None:
            self._running = count
            # Spawned, since a fork of a process with threads (torch, onnxruntime) may hang.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(count, mp_context=context, initializer=start_worker)
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
