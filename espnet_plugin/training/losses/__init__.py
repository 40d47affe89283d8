"""Training losses, one term per file (shapes: B batch, F bins, T frames, N samples)."""

from espnet_plugin.training.losses.complex_spectrum import complex_loss
from espnet_plugin.training.losses.consistency import ConsistencyLoss
from espnet_plugin.training.losses.feature_matching import feature_matching_loss
from espnet_plugin.training.losses.hybrid import HybridLoss
from espnet_plugin.training.losses.least_squares import adversarial_loss, discrimination_loss
from espnet_plugin.training.losses.magnitude import magnitude_loss
from espnet_plugin.training.losses.mel import MelLoss
from espnet_plugin.training.losses.phase import phase_loss
from espnet_plugin.training.losses.reconstruction import DEFAULT_WEIGHTS, ReconstructionLoss
from espnet_plugin.training.losses.waveform import waveform_loss

__all__ = [
    "DEFAULT_WEIGHTS",
    "ConsistencyLoss",
    "HybridLoss",
    "MelLoss",
    "ReconstructionLoss",
    "adversarial_loss",
    "complex_loss",
    "discrimination_loss",
    "feature_matching_loss",
    "magnitude_loss",
    "phase_loss",
    "waveform_loss",
]
