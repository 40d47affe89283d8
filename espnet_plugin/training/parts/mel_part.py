"""What the trainings of the vocoder and the PostNet share: waves compared by their mel spectrograms."""

from collections.abc import Mapping

from torch import Tensor, nn

from espnet_plugin.training.losses import MelLoss
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.signal import Wave


class MelPart(Part):
    """Mel distances at seven resolutions, at the rate of the part.

    Args:
        network, weights, frozen: of ``Part``; the adversary's terms are weighted by the task.
    """

    DEFAULT_WEIGHTS = {"mel": 15.0}

    def __init__(
        self,
        network: nn.Module,
        weights: Mapping[str, float] | None = None,
        frozen: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__(network, weights, frozen)
        self.mel = MelLoss(self.rate_hz, MelLoss.SEVEN_RESOLUTIONS)

    def terms(self, target: Wave, restored: Wave) -> dict[str, Tensor]:
        return {"mel": self.mel(target.wave, restored.wave)} if self.weights["mel"] else {}
