"""Magnitude loss in the compressed domain."""

import torch


def magnitude_loss(clean: torch.Tensor, restored: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of two compressed magnitudes.

    The published code squares the difference where the paper writes an absolute value
    (SEMamba++ specification, section 8); this follows the code.

    Args:
        clean: (B, F, T) compressed magnitude of the clean signal.
        restored: (B, F, T) magnitude from the network.

    Returns:
        A scalar.
    """
    return torch.mean((clean - restored) ** 2)
