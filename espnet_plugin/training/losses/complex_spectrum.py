"""Loss on real and imaginary part of the compressed spectrum."""

import torch


def cartesian(magnitude: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
    """Real and imaginary part on a new last axis.

    Args:
        magnitude: (B, F, T).
        phase: (B, F, T) in radians.

    Returns:
        (B, F, T, 2).
    """
    return torch.stack((magnitude * torch.cos(phase), magnitude * torch.sin(phase)), dim=-1)


def complex_loss(clean: torch.Tensor, restored: torch.Tensor) -> torch.Tensor:
    """Twice the mean squared difference over all real and imaginary parts.

    The factor 2 belongs to the published loss (SEMamba++ specification, section 5); it makes the value the
    mean squared distance in the complex plane.

    Args:
        clean: (B, F, T, 2) as ``cartesian`` returns it.
        restored: (B, F, T, 2).

    Returns:
        A scalar.
    """
    return 2.0 * torch.mean((clean - restored) ** 2)
