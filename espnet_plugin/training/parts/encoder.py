"""DeWavLM-Omni: an encoder learns to see in degraded speech what a frozen one sees in clean speech."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.parts.part import Part
from espnet_plugin.training.signal import Features

#: What an encoder gives, in this order.
LAYERS = ("first", "last")


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
        """The features of the layers that have a weight, one above the other, (L, B, T, C)."""
        layers, teacher = self._layers, self.frozen["teacher"]
        truth = self.frozen_outputs(
            f"{' and '.join(layers)} layer", ["teacher"], clean, lambda waves: _chosen(layers, teacher(waves))
        )
        seen = _chosen(layers, self.network(degraded, lost_packets(degraded)))
        return Features(torch.stack(tuple(truth))), Features(torch.stack(seen))

    def terms(self, target: Features, restored: Features) -> dict[str, Tensor]:
        """Mean squared differences."""
        layers = zip(self._layers, target.features, restored.features, strict=True)
        return {name: functional.mse_loss(guess, truth) for name, truth, guess in layers}

    @property
    def _layers(self) -> list[str]:
        return [layer for layer in LAYERS if self.weights[layer]]


def _chosen(layers: list[str], features: Sequence[Tensor]) -> list[Tensor]:
    return [one for layer, one in zip(LAYERS, features, strict=True) if layer in layers]
