"""The adversary of SEMamba++: two discriminators known from vocoders (specification, section 5)."""

from collections.abc import Mapping
from typing import Any

from espnet_plugin.training.adversaries.least_squares import LeastSquaresAdversary
from espnet_plugin.training.discriminators import (
    MultiResolutionDiscriminator,
    MultiScaleSubBandCqtDiscriminator,
)


class VocoderAdversary(LeastSquaresAdversary):
    """Multi-resolution and sub-band constant-Q discriminators with least-squares losses.

    Args:
        multi_resolution: arguments of ``MultiResolutionDiscriminator``, by default the published ones.
        sub_band_cqt: arguments of ``MultiScaleSubBandCqtDiscriminator``.
    """

    DISCRIMINATORS = ("multi_resolution", "sub_band_cqt")

    def __init__(
        self,
        multi_resolution: Mapping[str, Any] | None = None,
        sub_band_cqt: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.multi_resolution = MultiResolutionDiscriminator(**(multi_resolution or {}))
        self.sub_band_cqt = MultiScaleSubBandCqtDiscriminator(**(sub_band_cqt or {}))
