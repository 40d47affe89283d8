"""The recordings of all visitors, one enhanced after the other."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from espnet_plugin.errors import UserError
from espnet_plugin.serve.task import UPLOAD, Result, Task

if TYPE_CHECKING:
    from espnet_plugin.serve.worker import Worker

RECEIVING, WAITING, WORKING, DONE, FAILED = "receiving", "waiting", "working", "done", "failed"


@dataclass(frozen=True)
class Limits:
    """What visitors may do.

    Attributes:
        upload_bytes: size of a file.
        recording_s: length of a recording.
        places: recordings that wait at a time.
        keep_s: how long a result is kept.
    """

    upload_bytes: int = 200_000_000
    recording_s: float = 1800.0
    places: int = 8
    keep_s: float = 3600.0


@dataclass(eq=False)
class Ticket:
    """A recording on its way.

    Attributes:
        key: nobody else can guess it.
        task: what becomes of it.
        state: one of this module.
        done_s, audio_s: how much of it is enhanced.
        reason: why it failed.
        result: what came of it.
        began_s, ended_s: by the clock of the queue.
        dropped: nobody wants it any more.
    """

    key: str
    task: Task
    state: str = RECEIVING
    done_s: float = 0.0
    audio_s: float = 0.0
    reason: str = ""
    result: Result | None = None
    began_s: float = 0.0
    ended_s: float | None = None
    dropped: bool = field(default=False, repr=False)


class QueueFull(UserError):
    """All places are taken."""


class Queue:
    """Tickets in the order in which their recordings came; a thread brings them to the worker.

    Args:
        worker: enhances.
        folder: its own; all files lie in it.
        limits: what visitors may do.
        clock: seconds of any origin.
    """

    def __init__(
        self, worker: Worker, folder: Path, limits: Limits, clock: Callable[[], float] = time.monotonic
    ):
        self._worker = worker
        self._folder = folder
        self.limits = limits
        self.clock = clock
        self._tickets: dict[str, Ticket] = {}
        self._waiting: deque[Ticket] = deque()
        self._current: Ticket | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="queue", daemon=True)
        self._thread.start()

    def admit(self, label: str, options: Mapping[str, str]) -> Ticket:
        """Take a place; its folder is there then, for the upload.

        Raises:
            QueueFull: there is none.
        """
        with self._changed:
            taken = sum(ticket.state in (RECEIVING, WAITING) for ticket in self._tickets.values())
            if taken >= self.limits.places:
                raise QueueFull(f"{taken} recordings are waiting already; try again in a few minutes")
            key = secrets.token_urlsafe(24)
            # The visitors' names for their recordings and jobs appear in no path.
            folder = self._folder / secrets.token_hex(16)
            folder.mkdir(mode=0o700)
            ticket = Ticket(key, Task(folder, label, dict(options), self.limits.recording_s))
            self._tickets[key] = ticket
            return ticket

    def submit(self, ticket: Ticket) -> None:
        """The upload is complete."""
        with self._changed:
            ticket.state = WAITING
            self._waiting.append(ticket)
            self._changed.notify_all()

    def find(self, key: str) -> Ticket | None:
        """The ticket of a key, unless it was dropped."""
        with self._changed:
            return self._tickets.get(key)

    def ahead(self, ticket: Ticket) -> int:
        """How many recordings come before a waiting one, with the one being worked on."""
        with self._changed:
            return (self._current is not None) + (ticket in self._waiting and self._waiting.index(ticket))

    def drop(self, ticket: Ticket) -> None:
        """Forget a recording and all that was made of it, and stop working on it."""
        with self._changed:
            self._tickets.pop(ticket.key, None)
            ticket.dropped = True
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            if ticket is self._current:
                self._worker.kill()  # and its files are removed when it is dead
                return
        shutil.rmtree(ticket.task.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Drop what has been kept long enough."""
        with self._changed:
            oldest_s = self.clock() - self.limits.keep_s
            old = [
                one for one in self._tickets.values() if one.ended_s is not None and one.ended_s < oldest_s
            ]
        for ticket in old:
            self.drop(ticket)

    def close(self) -> None:
        """Stop the work, remove all files."""
        with self._changed:
            self._closed = True
            self._worker.kill()
            self._changed.notify_all()
        self._thread.join()
        self._worker.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _work(self) -> None:
        while ticket := self._next():
            try:
                result, reason = (
                    self._worker.run(ticket.task, lambda *seconds: self._tell(ticket, *seconds)),
                    "",
                )
            except UserError as error:
                result, reason = None, str(error)
            with self._changed:
                self._current = None
                ticket.result, ticket.reason = result, reason
                ticket.ended_s = self.clock()
                ticket.state = DONE if result else FAILED
                (ticket.task.folder / UPLOAD).unlink(missing_ok=True)
                restart = ticket.dropped and not self._closed
            if ticket.dropped:
                shutil.rmtree(ticket.task.folder, ignore_errors=True)
            if restart:
                self._worker.stop()
                with contextlib.suppress(UserError):  # the next ticket will tell its visitor
                    self._worker.start()

    def _next(self) -> Ticket | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            self._current = self._waiting.popleft()
            self._current.state = WORKING
            self._current.began_s = self.clock()
            return self._current

    @staticmethod
    def _tell(ticket: Ticket, done_s: float, audio_s: float) -> None:
        ticket.done_s, ticket.audio_s = done_s, audio_s
