"""The adapter: from the encoder's features of degraded speech to those that the vocoder was trained on."""

from torch import Tensor
from torch.nn import functional

from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.signal import Features


class AdapterPart(Part):
    """Both layers' features of degraded speech in, the first layer's of clean speech out.

    The form and the weights of the reconstruction are not published: the absolute difference with the
    vocoder's weight of 15 is ours.

    Args:
        network, weights, frozen: of ``Part``. ``encoder`` looks at degraded speech, ``teacher`` is the
            encoder whose features of clean speech the vocoder knows; they may be the same network.
    """

    DEFAULT_WEIGHTS = {"features": 15.0}
    ADVERSARIAL_WEIGHTS = {"adversarial": 1.0, "feature_matching": 1.0}
    FROZEN = ("encoder", "teacher")
    SIGNAL = Features

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Features, Features]:
        encoder, teacher = (self.frozen[name] for name in self.FROZEN)
        (truth,) = self.frozen_outputs(
            "first layer", ["teacher"], clean, lambda waves: [teacher.first_layer(waves)]
        )
        seen = self.frozen_outputs(
            "both layers, lost packets masked",
            ["encoder"],
            degraded,
            lambda waves: encoder(waves, lost_packets(waves)),
        )
        return Features(truth), Features(self.network(*seen))

    def terms(self, target: Features, restored: Features) -> dict[str, Tensor]:
        if not self.weights["features"]:
            return {}
        return {"features": functional.l1_loss(restored.features, target.features)}
