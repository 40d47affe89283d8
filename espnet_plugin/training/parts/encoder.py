"""DeWavLM-Omni: an encoder learns to see in degraded speech what a frozen one sees in clean speech."""

import torch
from torch import Tensor
from torch.nn import functional

from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.signal import Features


class EncoderPart(Part):
    """Distillation of ``teacher``'s features of clean speech into the network's features of degraded speech.

    Lost packets are masked for the network, as they are in use, and not for the teacher: what was lost is
    what the network has to make up. (Whether the authors masked the teacher too is not published.)

    Args:
        network, weights, frozen: of ``Part``; ``last`` compares the last layer's normalised features, as
            published, ``first`` the first layer's, which the adapter and the vocoder use.
    """

    DEFAULT_WEIGHTS = {"last": 1.0, "first": 0.0}
    FROZEN = ("teacher",)
    SIGNAL = Features

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Features, Features]:
        """Both layers' features one above the other, (2, B, T, C)."""
        with torch.no_grad():
            truth = torch.stack(self.frozen["teacher"](clean))
        return Features(truth), Features(torch.stack(self.network(degraded, lost_packets(degraded))))

    def terms(self, target: Features, restored: Features) -> dict[str, Tensor]:
        """Mean squared differences."""
        layers = zip(("first", "last"), target.features, restored.features)
        return {
            name: functional.mse_loss(guess, truth) for name, truth, guess in layers if self.weights[name]
        }
