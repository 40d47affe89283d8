"""The adversary of GAP-URGENet's vocoder and PostNet (specification, 9.1)."""

from collections.abc import Mapping
from typing import Any

from espnet_plugin.training.adversaries.least_squares import LeastSquaresAdversary
from espnet_plugin.training.discriminators import MultiBandDiscriminator, MultiPeriodDiscriminator


class PeriodBandAdversary(LeastSquaresAdversary):
    """Multi-period and multi-band discriminators with least-squares losses.

    Args:
        multi_period: arguments of ``MultiPeriodDiscriminator``, by default the published ones.
        multi_band: arguments of ``MultiBandDiscriminator``.
    """

    DISCRIMINATORS = ("multi_period", "multi_band")
    MATCHING_FACTOR = 1.0

    def __init__(
        self, multi_period: Mapping[str, Any] | None = None, multi_band: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.multi_period = MultiPeriodDiscriminator(**(multi_period or {}))
        self.multi_band = MultiBandDiscriminator(**(multi_band or {}))
