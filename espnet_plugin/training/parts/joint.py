"""Vocoder and PostNet together: the fused wave teaches the generative branch too."""

from collections.abc import Mapping

from torch import Tensor, nn

from espnet_plugin.gap_urgenet.network import BRANCH_HZ, RATE_HZ
from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.losses import MelLoss
from espnet_plugin.training.parts.mel_part import MelPart
from espnet_plugin.training.parts.postnet import fusion_input, to_16_khz
from espnet_plugin.training.signal import Fused


class JointPart(MelPart):
    """Degraded speech in, one wave at 48 kHz out, through a vocoder and a PostNet that both learn.

    The paper names this as future work and nothing else about it. Nothing in the fused wave asks the
    generative branch to remain speech by itself, so a term of its own, a mel distance at 16 kHz, does.

    Args:
        network: ``vocoder`` and ``postnet``.
        weights, frozen: of ``Part``; the adversary hears the fused wave, its terms are weighted by the task.
    """

    rate_hz = RATE_HZ
    DEFAULT_WEIGHTS = {"mel": 15.0, "generative": 5.0}
    ADVERSARIAL_WEIGHTS = {"adversarial": 1.0, "feature_matching": 1.0}
    TOGETHER = ("vocoder", "postnet")
    FROZEN = ("encoder", "adapter", "predictor")
    SIGNAL = Fused

    def __init__(
        self,
        network: nn.ModuleDict,
        weights: Mapping[str, float] | None = None,
        frozen: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__(network, weights, frozen)
        self.generative_mel = MelLoss(BRANCH_HZ, MelLoss.SEVEN_RESOLUTIONS)

    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Fused, Fused]:
        encoder, adapter, predictor = (self.frozen[name] for name in self.FROZEN)

        def adapted(segments: Tensor) -> list[Tensor]:
            wave = to_16_khz(segments)
            return [adapter(*encoder(wave, lost_packets(wave)))]

        def filtered(segments: Tensor) -> list[Tensor]:
            return [predictor(to_16_khz(segments))]

        (features,) = self.frozen_outputs("adapted features", self.FROZEN[:2], degraded, adapted)
        (predictive,) = self.frozen_outputs("predictive branch", self.FROZEN[2:], degraded, filtered)
        generative = self.network["vocoder"](features)
        branches = fusion_input(predictive, generative, degraded.shape[-1])
        # Whole frames come out of the vocoder; what is left of the segment has nothing to be compared with.
        clean_generative = to_16_khz(clean)[..., : generative.shape[-1]]
        return Fused(clean, clean_generative), Fused(self.network["postnet"](branches), generative)

    def terms(self, target: Fused, restored: Fused) -> dict[str, Tensor]:
        terms = super().terms(target, restored)
        if self.weights["generative"]:
            terms["generative"] = self.generative_mel(target.generative, restored.generative)
        return terms
