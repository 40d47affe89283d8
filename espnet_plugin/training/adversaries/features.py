"""The adversary of GAP-URGENet's adapter (specification, 9.3)."""

from collections.abc import Sequence

from espnet_plugin.training.adversaries.least_squares import LeastSquaresAdversary
from espnet_plugin.training.discriminators import FeatureDiscriminator


class FeatureAdversary(LeastSquaresAdversary):
    """A discriminator of feature sequences with least-squares losses.

    Args:
        feature_channels, widths: of ``FeatureDiscriminator``.
    """

    DISCRIMINATORS = ("sequence",)
    HEARD = "features"
    MATCHING_FACTOR = 1.0

    def __init__(
        self, feature_channels: int = 1024, widths: Sequence[int] = (32, 64, 128, 256, 512, 1024)
    ) -> None:
        super().__init__()
        self.sequence = FeatureDiscriminator(feature_channels, widths)
