"""The vocoder: clean speech from the features that a frozen encoder sees in it."""

from torch import Tensor
from torch.nn import functional

from espnet_plugin.training.parts.mel_part import MelPart
from espnet_plugin.training.signal import Wave


class VocoderPart(MelPart):
    """Features of the first layer in, waves out; degraded speech is not looked at.

    Args:
        network, weights, frozen: of ``Part``; the adversary's terms are weighted by the task.
    """

    ADVERSARIAL_WEIGHTS = {"adversarial": 2.0, "feature_matching": 1.0}
    FROZEN = ("encoder",)
    CLEAN_ONLY = True

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Wave, Wave]:
        encoder = self.frozen["encoder"]
        (features,) = self.frozen_outputs(
            "first layer", ["encoder"], clean, lambda waves: [encoder.first_layer(waves)]
        )
        restored = self.network(features)
        # Whole frames come out; what is left of the segment has nothing to be compared with.
        samples = min(clean.shape[-1], restored.shape[-1])
        return Wave(clean[..., :samples]), Wave(functional.pad(restored, (0, samples - restored.shape[-1])))
