"""What every metric has in common."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from espnet_plugin.errors import EXTRA_OF_MODULE, pip_command
from espnet_plugin.scoring.weights import Weights, WeightsMissing, check, default_directory


@dataclass(frozen=True)
class Setup:
    """Where and on what metrics are computed.

    Attributes:
        weights_dir: holds the weights that no package brings.
        device: of the networks, "cpu" or "cuda:1" and the like.
    """

    weights_dir: Path = field(default_factory=default_directory)
    device: str = "cpu"


@dataclass(frozen=True)
class Item:
    """What a metric may look at for one file.

    Attributes:
        estimate: the wave to be scored, float32 of shape (samples,).
        rate_hz: its sampling rate.
        reference: the clean wave, of the same shape and rate; None for metrics without reference.
        language: ISO 639-3 code of what is spoken, such as "deu"; None where unknown.
        text: transcript of what is spoken; None where unknown.
    """

    estimate: np.ndarray
    rate_hz: int
    reference: np.ndarray | None = None
    language: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Column:
    """One number that a metric gives per file.

    Attributes:
        name: name of the score file (`<name>.scp`) and key in `scores.json`.
        better: "higher" or "lower".
        unit: "dB" and the like; empty for plain numbers.
        decimals: digits after the point in tables.
        title: heading in tables; default: the name.
        weight: name of another column of the metric by which the mean over files is weighted: the length of
            a transcript for error rates, which the challenge sums over the set.
        shown: in tables; the others are in the files of scores only.
    """

    name: str
    better: str = "higher"
    unit: str = ""
    decimals: int = 2
    title: str = ""
    weight: str = ""
    shown: bool = True

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
        labels: which of `Item.language` and `Item.text` must be there.
        packages: distribution name -> import name of what has to be installed; the versions are part of
            `settings`, so another version recomputes the scores.
        revision: raised by hand when a change of our own code changes values.
        weights: what has to be fetched before; None for metrics that are whole after installation.
        memory_gib: what a process with the loaded model takes; fewer processes run where memory is short.
    """

    columns: tuple[Column, ...]
    needs_reference: bool = True
    labels: tuple[str, ...] = ()
    packages: dict[str, str] = {}
    revision: int = 1
    weights: Weights | None = None
    memory_gib: float = 0.5

    def __init__(self, setup: Setup | None = None):
        self.setup = setup or Setup()

    def available(self) -> Unavailable | None:
        """None if the metric can be computed here, otherwise what is missing."""
        for distribution, module in self.packages.items():
            if importlib.util.find_spec(module) is None:
                extra = EXTRA_OF_MODULE.get(module)
                remedy = pip_command(extra) if extra else f"pip install {distribution}"
                return Unavailable(f"the package {distribution} is not installed", remedy)
        if self.weights is not None:
            try:
                check(self.weights, self.setup.weights_dir)
            except WeightsMissing as error:
                return Unavailable(str(error), f"urgent26 weights --fetch {self.columns[0].name}")
        return None

    def weights_folder(self) -> Path:
        """Where the weights lie that `available` has checked."""
        return self.setup.weights_dir / self.weights.folder

    def settings(self) -> dict[str, str]:
        """Everything besides the two waves that the values depend on."""
        versions = {name: importlib.metadata.version(name) for name in self.packages}
        settings = {"revision": str(self.revision), **versions}
        if self.weights is not None:
            settings["weights"] = check(self.weights, self.setup.weights_dir)
        return settings

    @abstractmethod
    def score(self, item: Item) -> tuple[float, ...]:
        """The value of each column for one file.

        Raises:
            Unscorable: there is no value for this file, such as PESQ of a file without speech.
        """
