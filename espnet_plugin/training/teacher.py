"""GAP-URGENet as the teacher of a smaller network: what it makes of degraded segments is a second target.

Shapes: B items, N samples.
"""

from collections.abc import Sequence

import torch
import torchaudio.functional as audio_functional
from torch import Tensor
from torch.nn import functional

from espnet_plugin.gap_urgenet.network import BRANCH_HZ, RATE_HZ, GapUrgenet, to_48_khz
from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.frozen_networks import FrozenNetworks

#: Added to a power before it divides another.
_POWER_FLOOR = 1e-12


class Teacher(FrozenNetworks):
    """The frozen network with the resampling, the packet-loss concealment and the level around it.

    Args:
        network: with its weights.
        rate_hz: of the segments.
    """

    def __init__(self, network: GapUrgenet, rate_hz: int = RATE_HZ) -> None:
        super().__init__({"teacher": network})
        self.rate_hz = rate_hz

    def forward(self, degraded: Tensor, clean: Tensor) -> Tensor:
        """The fused output, at the power of the clean segments.

        Its own level is arbitrary: the predictor's loss rewards a rising gain, and the official tool scales
        every recording.

        Args:
            degraded, clean: waves (B, N) at ``rate_hz``.

        Returns:
            (B, N) at ``rate_hz``.
        """
        kind = f"fused at {self.rate_hz} Hz"
        (fused,) = self.frozen_outputs(kind, ["teacher"], degraded, self.fused)
        with torch.no_grad():
            return fused * (_power(clean) / (_power(fused) + _POWER_FLOOR)).sqrt()

    def fused(self, degraded: Tensor) -> Sequence[Tensor]:
        """The fused output of segments (B, N) as the network gives it, alone in a sequence."""
        network, samples = self.frozen["teacher"], degraded.shape[-1]
        wave = audio_functional.resample(degraded, self.rate_hz, BRANCH_HZ)
        branches = network.predictive(wave), network.generative(wave, lost_packets(wave))
        # Under autocast the branches compute in lower precision, the fusion, which is touchy, never.
        with torch.autocast(degraded.device.type, enabled=False):
            fused = network.fuse(*(to_48_khz(branch.float()) for branch in branches))
            fused = audio_functional.resample(fused, RATE_HZ, self.rate_hz)[..., :samples]
        return [functional.pad(fused, (0, samples - fused.shape[-1]))]


def _power(wave: Tensor) -> Tensor:
    return wave.square().mean(-1, keepdim=True)
