"""Loss on the samples of the wave."""

import torch


def waveform_loss(clean: torch.Tensor, restored: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of two waves (B, N); a scalar.

    SEMamba has it, the released SEMamba++ leaves it out (SEMamba++ specification, section 5).
    """
    return torch.mean(torch.abs(clean - restored))
