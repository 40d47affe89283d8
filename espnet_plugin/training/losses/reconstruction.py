"""Weighted sum of all losses that compare the restored signal with the clean one."""

from collections.abc import Mapping

import torch
from torch import nn

from espnet_plugin.config import check_keys
from espnet_plugin.training.losses.complex_spectrum import cartesian, complex_loss
from espnet_plugin.training.losses.consistency import ConsistencyLoss
from espnet_plugin.training.losses.magnitude import magnitude_loss
from espnet_plugin.training.losses.mel import MelLoss
from espnet_plugin.training.losses.phase import phase_loss
from espnet_plugin.training.losses.waveform import waveform_loss

#: Weights of the released model (SEMamba++ specification, section 5), which leaves the wave itself out.
DEFAULT_WEIGHTS = {
    "magnitude": 0.9,
    "phase": 0.3,
    "complex": 0.1,
    "consistency": 0.1,
    "mel": 0.1,
    "time": 0.0,
}


class ReconstructionLoss(nn.Module):
    """Sum of magnitude, phase, complex, consistency, mel and time loss (the last on the samples).

    Args:
        weights: weight per term; a term that is not named keeps its default, 0 leaves a term out.
        window_samples: STFT window of the network's front end.
        hop_samples: its hop.
        compression: its magnitude exponent.
        rate_hz: sampling rate, for the mel filters.

    Raises:
        UserError: ``weights`` names an unknown term.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        window_samples: int = 400,
        hop_samples: int = 100,
        compression: float = 0.3,
        rate_hz: int = 16000,
    ) -> None:
        super().__init__()
        check_keys(weights or {}, DEFAULT_WEIGHTS, "loss_weights")
        chosen = {**DEFAULT_WEIGHTS, **(weights or {})}
        self.weights = {term: float(weight) for term, weight in chosen.items() if weight != 0}
        self.consistency = ConsistencyLoss(window_samples, hop_samples, compression)
        self.mel = MelLoss(rate_hz) if "mel" in self.weights else None

    def terms(
        self,
        clean_wave: torch.Tensor,
        clean_magnitude: torch.Tensor,
        clean_phase: torch.Tensor,
        magnitude: torch.Tensor,
        phase: torch.Tensor,
        wave: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Every term that has a weight, unweighted; arguments as for ``forward``."""
        wanted = self.weights
        values: dict[str, torch.Tensor] = {}
        if "magnitude" in wanted:
            values["magnitude"] = magnitude_loss(clean_magnitude, magnitude)
        if "phase" in wanted:
            values["phase"] = phase_loss(clean_phase, phase)
        if "complex" in wanted or "consistency" in wanted:
            restored = cartesian(magnitude, phase)
            if "complex" in wanted:
                values["complex"] = complex_loss(cartesian(clean_magnitude, clean_phase), restored)
            if "consistency" in wanted:
                values["consistency"] = self.consistency(restored, wave)
        if "mel" in wanted:
            values["mel"] = self.mel(clean_wave, wave)
        if "time" in wanted:
            values["time"] = waveform_loss(clean_wave, wave)
        return values

    def forward(
        self,
        clean_wave: torch.Tensor,
        clean_magnitude: torch.Tensor,
        clean_phase: torch.Tensor,
        magnitude: torch.Tensor,
        phase: torch.Tensor,
        wave: torch.Tensor,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The weighted sum and its parts.

        Args:
            clean_wave: (B, N).
            clean_magnitude: (B, F, T), compressed.
            clean_phase: (B, F, T) in radians.
            magnitude: (B, F, T) from the network.
            phase: (B, F, T) from the network.
            wave: (B, N), inverse STFT of ``magnitude`` and ``phase``.

        Returns:
            The loss, and the unweighted value of each term without gradient.
        """
        values = self.terms(clean_wave, clean_magnitude, clean_phase, magnitude, phase, wave)
        total = sum((self.weights[term] * value for term, value in values.items()), wave.new_zeros(()))
        return total, {term: value.detach() for term, value in values.items()}
