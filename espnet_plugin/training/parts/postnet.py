"""The PostNet: both branches, frozen, into one wave at 48 kHz."""

import torch
import torchaudio.functional as audio_functional
from torch import Tensor
from torch.nn import functional

from espnet_plugin.gap_urgenet.network import BRANCH_HZ, RATE_HZ, to_48_khz
from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.parts.mel_part import MelPart
from espnet_plugin.training.signal import Wave


class PostnetPart(MelPart):
    """The branches' waves in, one wave out, at 48 kHz.

    Args:
        network, weights, frozen: of ``Part``; the adversary's terms are weighted by the task.
    """

    rate_hz = RATE_HZ
    ADVERSARIAL_WEIGHTS = {"adversarial": 1.0, "feature_matching": 1.0}
    FROZEN = ("encoder", "adapter", "vocoder", "predictor")

    def branches(self, degraded: Tensor) -> Tensor:
        """The predictive and the generative branch (B, 2, N) of degraded segments (B, N), both at 48 kHz."""
        encoder, adapter, vocoder, predictor = (self.frozen[name] for name in self.FROZEN)

        def predictive(segments: Tensor) -> list[Tensor]:
            return [predictor(to_16_khz(segments))]

        def generative(segments: Tensor) -> list[Tensor]:
            wave = to_16_khz(segments)
            return [vocoder(adapter(*encoder(wave, lost_packets(wave))))]

        # Apart from each other and at 16 kHz: a new predictor leaves the other branch as it is kept.
        waves = (
            *self.frozen_outputs("predictive branch", ["predictor"], degraded, predictive),
            *self.frozen_outputs("generative branch", self.FROZEN[:3], degraded, generative),
        )
        return fusion_input(*waves, samples=degraded.shape[-1])

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Wave, Wave]:
        return Wave(clean), Wave(self.network(self.branches(degraded)))


def fusion_input(predictive: Tensor, generative: Tensor, samples: int) -> Tensor:
    """Both branches (B, any) at 16 kHz as a PostNet takes them: (B, 2, samples) at 48 kHz."""
    joined = [to_48_khz(wave) for wave in (predictive, generative)]
    return torch.stack([functional.pad(one, (0, samples - one.shape[-1])) for one in joined], 1)


def to_16_khz(wave: Tensor) -> Tensor:
    """A wave of 48 kHz at the rate of the branches."""
    return audio_functional.resample(wave, RATE_HZ, BRANCH_HZ)
