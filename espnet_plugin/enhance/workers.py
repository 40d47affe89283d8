"""Several processes that enhance files, each with the model; one may die without the others.

The module imports nothing numerical at its top: a new process has to be told its threads before.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espnet_plugin import process_settings
from espnet_plugin.enhance.runner import Runner, memory_gib
from espnet_plugin.errors import UserError
from espnet_plugin.machine import usable_cores
from espnet_plugin.worker_processes import start_worker

if TYPE_CHECKING:
    from espnet_plugin.enhance.job import Job, Outcome

READY = "ready"


@dataclass(frozen=True)
class Model:
    """What `espnet_plugin.load` needs."""

    name: str
    checkpoint: str | Path | Mapping[str, str | Path]
    device: str = "auto"
    dtype: str = "float32"
    options: dict[str, Any] = field(default_factory=dict)

    def load(self):
        """Load it."""
        import espnet_plugin

        with process_settings.loading():
            return espnet_plugin.load(self.name, self.checkpoint, self.device, self.dtype, **self.options)


class Workers(Runner):
    """Processes with an equal share of the cores, or with `OMP_NUM_THREADS` threads each if that is set.

    Args:
        processes: how many.
        model: they load it.
    """

    def __init__(self, processes: int, model: Model):
        self._count = processes
        self._model = model
        self._running: dict[Connection, tuple[Any, Job | None]] = {}
        self._memory_gib = 0.0

    def __exit__(self, *error) -> None:
        for process, _ in self._running.values():
            process.kill()
        for process, job in self._running.values():
            process.join()
            self._clean(job)
        self._running.clear()

    @property
    def memory_gib(self) -> float:
        return self._memory_gib

    def outcomes(self, jobs: Sequence[Job], heard: Callable[[float], object]) -> Iterator[Outcome]:
        waiting = deque(jobs)
        for _ in range(min(self._count, len(waiting))):
            self._start()
        while self._running:
            for pipe in wait(list(self._running)):
                process, job = self._running[pipe]
                try:
                    message = pipe.recv()
                except (EOFError, OSError):
                    process.join()
                    del self._running[pipe]
                    yield self._death(process, job)
                    if waiting:
                        self._start()
                    continue
                if isinstance(message, float):
                    heard(message)
                    continue
                if isinstance(message, UserError):
                    raise message
                if message != READY:
                    outcome, memory_gib = message
                    self._memory_gib = max(self._memory_gib, memory_gib)
                    yield outcome
                if waiting:
                    job = waiting.popleft()
                    self._running[pipe] = process, job
                    pipe.send(job)
                else:
                    pipe.send(None)
                    process.join()
                    del self._running[pipe]

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork of a process that has threads may hang
        ours, theirs = context.Pipe()
        threads = os.environ.get("OMP_NUM_THREADS") or max(1, usable_cores() // self._count)
        process = context.Process(target=_work, args=(theirs, self._model, threads), daemon=True)
        process.start()
        theirs.close()
        self._running[ours] = process, None

    def _death(self, process, job: Job | None) -> Outcome:
        why = f"its process died (exit code {process.exitcode}), probably for lack of memory"
        if job is None:
            raise UserError(f"a model could not be loaded: {why}; take fewer --jobs")
        self._clean(job)
        remedy = "take fewer --jobs or a shorter --window_s"
        return job.failed(f"{job.source}: {why}; {remedy}")

    def _clean(self, job: Job | None) -> None:
        from espnet_plugin.audio.write import remove_leftovers

        if job is not None and job.target.parent.is_dir():
            remove_leftovers(job.target)


def _work(pipe: Connection, model: Model, threads: int | str) -> None:
    start_worker(threads)
    process_settings.settle()
    from espnet_plugin.enhance.job import run_job

    try:
        enhancer = model.load()
    except UserError as error:
        pipe.send(UserError(str(error)))
        return
    pipe.send(READY)
    while (job := pipe.recv()) is not None:
        pipe.send((run_job(enhancer, job, pipe.send), memory_gib()))
