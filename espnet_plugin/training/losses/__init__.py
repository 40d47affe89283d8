"""Training losses of SEMamba++, one term per file (shapes: B batch, F bins, T frames, N samples)."""

from espnet_plugin.training.losses.complex_spectrum import complex_loss
from espnet_plugin.training.losses.consistency import ConsistencyLoss
from espnet_plugin.training.losses.magnitude import magnitude_loss
from espnet_plugin.training.losses.mel import MelLoss
from espnet_plugin.training.losses.phase import phase_loss
from espnet_plugin.training.losses.reconstruction import DEFAULT_WEIGHTS, ReconstructionLoss

__all__ = [
    "DEFAULT_WEIGHTS",
    "ConsistencyLoss",
    "MelLoss",
    "ReconstructionLoss",
    "complex_loss",
    "magnitude_loss",
    "phase_loss",
]
