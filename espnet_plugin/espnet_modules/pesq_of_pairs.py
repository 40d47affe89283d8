"""PESQ as the teacher of a discriminator."""

import importlib.util
import math
from collections.abc import Callable

from torch import Tensor

from espnet_plugin.errors import missing_module
from espnet_plugin.scoring.metric import Item, Unscorable
from espnet_plugin.scoring.pesq import Pesq


def pesq_of_pairs(rate_hz: int) -> Callable[[Tensor, Tensor], list[float]]:
    """A function that gives the PESQ of each pair of clean and restored waves (B, N).

    Pairs that have none, such as silence, give NaN.

    Args:
        rate_hz: of the waves.

    Raises:
        UserError: the package ``pesq`` is not installed.
    """
    if importlib.util.find_spec("pesq") is None:
        raise missing_module("pesq", "the metric discriminator")
    metric = Pesq()

    def measure(clean: Tensor, restored: Tensor) -> list[float]:
        return [score(*pair) for pair in zip(clean.numpy(), restored.numpy(), strict=True)]

    def score(reference, estimate) -> float:
        try:
            return metric.score(Item(estimate, rate_hz, reference))[0]
        except Unscorable:
            return math.nan

    return measure
