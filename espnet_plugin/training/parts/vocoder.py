"""The vocoder: clean speech from the features that a frozen encoder sees in it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from espnet_plugin.training.losses import MelLoss
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.signal import Wave


class VocoderPart(Part):
    """Features of the first layer in, waves out; degraded speech is not looked at.

    Args:
        network, weights, frozen: of ``Part``; the adversary's terms are weighted by the task.
    """

    DEFAULT_WEIGHTS = {"mel": 15.0}
    ADVERSARIAL_WEIGHTS = {"adversarial": 2.0, "feature_matching": 1.0}
    FROZEN = ("encoder",)
    CLEAN_ONLY = True

    def __init__(
        self,
        network: nn.Module,
        weights: Mapping[str, float] | None = None,
        frozen: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__(network, weights, frozen)
        self.mel = MelLoss(self.rate_hz, MelLoss.SEVEN_RESOLUTIONS)

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Wave, Wave]:
        with torch.no_grad():
            features, _ = self.frozen["encoder"](clean)
        restored = self.network(features)
        # Whole frames come out; what is left of the segment has nothing to be compared with.
        samples = min(clean.shape[-1], restored.shape[-1])
        return Wave(clean[..., :samples]), Wave(functional.pad(restored, (0, samples - restored.shape[-1])))

    def terms(self, target: Wave, restored: Wave) -> dict[str, Tensor]:
        return {"mel": self.mel(target.wave, restored.wave)} if self.weights["mel"] else {}
