"""The predictor: clean waves from degraded ones, at 16 kHz; independent of the other parts."""

from collections.abc import Mapping

from torch import Tensor, nn

from espnet_plugin.training.losses import HybridLoss
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.signal import Wave


class PredictorPart(Part):
    """The hybrid loss between waves.

    Args:
        network, weights, frozen: of ``Part``.
        numerator: of ``HybridLoss``.
    """

    DEFAULT_WEIGHTS = {"hybrid": 1.0}

    def __init__(
        self,
        network: nn.Module,
        weights: Mapping[str, float] | None = None,
        frozen: Mapping[str, nn.Module] | None = None,
        numerator: str = "restored",
    ) -> None:
        super().__init__(network, weights, frozen)
        self.hybrid = HybridLoss(numerator)

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Wave, Wave]:
        return Wave(clean), Wave(self.network(degraded))

    def terms(self, target: Wave, restored: Wave) -> dict[str, Tensor]:
        return {"hybrid": self.hybrid(target.wave, restored.wave)} if self.weights["hybrid"] else {}
