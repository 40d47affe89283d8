"""Who does the work on many files."""

from __future__ import annotations

import gc
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from espnet_plugin.enhance.enhancer import Enhancer
    from espnet_plugin.enhance.job import Job, Outcome


class Runner(ABC):
    """Does jobs; a context manager that has the model as long as it is open."""

    @abstractmethod
    def outcomes(self, jobs: Sequence[Job], heard: Callable[[float], object]) -> Iterator[Outcome]:
        """Do jobs and tell what came of them, in the order in which they end.

        Args:
            jobs: what to do.
            heard: called with the seconds of audio that are finished, again and again.
        """

    @property
    @abstractmethod
    def memory_gib(self) -> float:
        """The largest memory that a process had."""

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *error) -> None:
        return None


class InThisProcess(Runner):
    """One job after the other.

    Args:
        load: gives the model.
    """

    def __init__(self, load: Callable[[], Enhancer]):
        self._load = load

    def __enter__(self) -> Runner:
        self._enhancer = self._load()
        return self

    def __exit__(self, *error) -> None:
        del self._enhancer
        gc.unfreeze()  # what was loaded may go, see `process_settings.loading`

    def outcomes(self, jobs: Sequence[Job], heard: Callable[[float], object]) -> Iterator[Outcome]:
        from espnet_plugin.enhance.job import run_job

        for job in jobs:
            yield run_job(self._enhancer, job, heard)

    @property
    def memory_gib(self) -> float:
        return memory_gib()


def memory_gib() -> float:
    """The largest memory that this process had; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (2**30 if sys.platform == "darwin" else 2**20)
