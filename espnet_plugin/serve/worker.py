"""The process that has the model: what a recording or a visitor does to it leaves the server alive.

The module imports nothing numerical at its top: a new process has to be told its threads before.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from espnet_plugin import process_settings
from espnet_plugin.errors import UserError
from espnet_plugin.machine import usable_cores
from espnet_plugin.worker_processes import start_worker

if TYPE_CHECKING:
    from espnet_plugin.enhance.workers import Model
    from espnet_plugin.serve.options import Option
    from espnet_plugin.serve.task import Result, Task


@dataclass(frozen=True)
class Description:
    """The loaded model in words for the page.

    Attributes:
        model: name.
        device: where it calculates.
        options: what can be chosen.
    """

    model: str
    device: str
    options: list[Option]


class Worker:
    """A process with a model, which does one task after the other.

    Args:
        choose: gives the model, which the process loads; of a module, so that it can be sent.
    """

    def __init__(self, choose: Callable[[], Model]):
        self._choose = choose
        self._process = None
        self._pipe: Connection | None = None

    def start(self) -> Description:
        """Start the process and wait until the model is loaded.

        Raises:
            UserError: it cannot be.
        """
        context = multiprocessing.get_context("spawn")  # a fork of a process that has threads may hang
        self._pipe, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._choose), daemon=True)
        process.start()
        self._process = process
        theirs.close()
        answer = self._answer()
        if isinstance(answer, Description):
            return answer
        self.stop()
        raise answer or UserError(
            "the model could not be loaded: its process died, probably for lack of memory"
        )

    def run(self, task: Task, told: Callable[[float, float], object]) -> Result:
        """Do a task.

        Args:
            task: what to do.
            told: called with the finished seconds and all seconds of audio, again and again.

        Raises:
            UserError: it cannot be done, or the process died; the next task starts another one.
        """
        if self._process is None:
            self.start()
        with contextlib.suppress(OSError):  # of a dead process, which is noticed below
            self._pipe.send(task)
        while isinstance(answer := self._answer(), tuple):
            told(*answer)
        if answer is None:
            self.stop()
            raise UserError("the enhancement ran out of memory or crashed; try a shorter recording")
        if isinstance(answer, UserError):
            raise answer
        return answer

    def kill(self) -> None:
        """Break a task off, from another thread."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process."""
        self.kill()
        if self._process is not None:
            self._process.join()
            self._pipe.close()
        self._process = self._pipe = None

    def _answer(self):
        """The next message; None if the process is dead."""
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            return None


def _work(pipe: Connection, choose: Callable[[], Model]) -> None:
    start_worker(os.environ.get("OMP_NUM_THREADS") or usable_cores())
    process_settings.settle()
    from espnet_plugin.serve.options import options_of
    from espnet_plugin.serve.task import run_task

    try:
        model = choose()
        enhancer = model.load()
    except UserError as error:
        pipe.send(UserError(str(error)))
        return
    pipe.send(Description(model.name, str(enhancer.device), options_of(model.name, enhancer)))
    while True:
        task = pipe.recv()
        try:
            pipe.send(run_task(enhancer, task, lambda *seconds: pipe.send(seconds)))
        except UserError as error:
            pipe.send(error)
