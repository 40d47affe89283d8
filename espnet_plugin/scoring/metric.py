"""What every metric has in common."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from espnet_plugin.errors import EXTRA_OF_MODULE, pip_command


@dataclass(frozen=True)
class Item:
    """What a metric may look at for one file.

    Attributes:
        estimate: the wave to be scored, float32 of shape (samples,).
        rate_hz: its sampling rate.
        reference: the clean wave, of the same shape and rate; None for metrics without reference.
    """

    estimate: np.ndarray
    rate_hz: int
    reference: np.ndarray | None = None


@dataclass(frozen=True)
class Column:
    """One number that a metric gives per file.

    Attributes:
        name: name of the score file (`<name>.scp`) and key in `scores.json`.
        better: "higher" or "lower".
        unit: "dB" and the like; empty for plain numbers.
        decimals: digits after the point in tables.
        title: heading in tables; default: the name.
    """

    name: str
    better: str = "higher"
    unit: str = ""
    decimals: int = 2
    title: str = ""

    @property
    def heading(self) -> str:
        return self.title or self.name


@dataclass(frozen=True)
class Unavailable:
    """Why a metric cannot be computed on this machine, and the command that changes it."""

    reason: str
    remedy: str


class Unscorable(Exception):
    """This metric has no value for this one file; the message says why. The file counts as NaN."""


class Metric(ABC):
    """One metric. Instances are cheap; models are loaded by the first call of `score`.

    Class attributes:
        columns: the numbers per file, in the order in which `score` returns them.
        needs_reference: whether `Item.reference` must be there.
        packages: distribution name -> import name of what has to be installed; the versions are part of
            `settings`, so another version recomputes the scores.
        revision: raised by hand when a change of our own code changes values.
    """

    columns: tuple[Column, ...]
    needs_reference: bool = True
    packages: dict[str, str] = {}
    revision: int = 1

    def available(self) -> Unavailable | None:
        """None if the metric can be computed here, otherwise what is missing."""
        for distribution, module in self.packages.items():
            if importlib.util.find_spec(module) is None:
                extra = EXTRA_OF_MODULE.get(module)
                remedy = pip_command(extra) if extra else f"pip install {distribution}"
                return Unavailable(f"the package {distribution} is not installed", remedy)
        return None

    def settings(self) -> dict[str, str]:
        """Everything besides the two waves that the values depend on."""
        versions = {name: importlib.metadata.version(name) for name in self.packages}
        return {"revision": str(self.revision), **versions}

    @abstractmethod
    def score(self, item: Item) -> tuple[float, ...]:
        """The value of each column for one file.

        Raises:
            Unscorable: there is no value for this file, such as PESQ of a file without speech.
        """
