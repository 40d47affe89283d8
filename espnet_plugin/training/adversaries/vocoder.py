"""The adversary of SEMamba++: two discriminators known from vocoders (specification, section 5)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from espnet_plugin.training.adversaries.frozen import frozen
from espnet_plugin.training.discriminators import (
    Judgement,
    MultiResolutionDiscriminator,
    MultiScaleSubBandCqtDiscriminator,
)
from espnet_plugin.training.losses.feature_matching import feature_matching_loss
from espnet_plugin.training.losses.least_squares import adversarial_loss, discrimination_loss
from espnet_plugin.training.signal import Signal


class VocoderAdversary(nn.Module):
    """Multi-resolution and sub-band constant-Q discriminators with least-squares losses.

    They hear the waves only.

    Args:
        multi_resolution: arguments of ``MultiResolutionDiscriminator``, by default the published ones.
        sub_band_cqt: arguments of ``MultiScaleSubBandCqtDiscriminator``.
    """

    #: Weights of the generator's terms (specification, section 5).
    DEFAULT_WEIGHTS = {"adversarial": 1.0, "feature_matching": 1.0}

    def __init__(
        self,
        multi_resolution: Mapping[str, Any] | None = None,
        sub_band_cqt: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.multi_resolution = MultiResolutionDiscriminator(**(multi_resolution or {}))
        self.sub_band_cqt = MultiScaleSubBandCqtDiscriminator(**(sub_band_cqt or {}))

    def judge(self, wave: Tensor) -> dict[str, list[Judgement]]:
        """The judgements of each discriminator on waves (B, N)."""
        return {
            "multi_resolution": self.multi_resolution(wave),
            "sub_band_cqt": self.sub_band_cqt(wave),
        }

    def discriminator_loss(self, clean: Signal, restored: Signal) -> tuple[Tensor, dict[str, Tensor]]:
        """What the discriminators are trained on.

        Args:
            clean: the target.
            restored: from the generator; its gradient is cut here.

        Returns:
            The loss, and its two parts ``discriminator_multi_resolution`` and ``discriminator_sub_band_cqt``
            without gradient.
        """
        truths, guesses = self.judge(clean.wave), self.judge(restored.wave.detach())
        parts = {
            f"discriminator_{name}": discrimination_loss(truths[name], guesses[name]) for name in truths
        }
        return sum(parts.values()), {name: part.detach() for name, part in parts.items()}

    def generator_terms(self, clean: Signal, restored: Signal) -> dict[str, Tensor]:
        """What the generator is trained on, unweighted: ``adversarial`` and ``feature_matching``.

        Arguments as for ``discriminator_loss``. No gradient reaches the discriminators.
        """
        with torch.no_grad():
            truths = self.judge(clean.wave)
        with frozen(self):
            guesses = self.judge(restored.wave)
        return {
            "adversarial": sum(adversarial_loss(judgements) for judgements in guesses.values()),
            "feature_matching": sum(feature_matching_loss(truths[name], guesses[name]) for name in guesses),
        }
