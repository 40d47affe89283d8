"""The adapter: from the encoder's features of degraded speech to those that the vocoder was trained on."""

import torch
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
        with torch.no_grad():
            truth, _ = self.frozen["teacher"](clean)
            seen = self.frozen["encoder"](degraded, lost_packets(degraded))
        return Features(truth), Features(self.network(*seen))

    def terms(self, target: Features, restored: Features) -> dict[str, Tensor]:
        if not self.weights["features"]:
            return {}
        return {"features": functional.l1_loss(restored.features, target.features)}
