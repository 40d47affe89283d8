"""Consistency loss: what the network wrote against the spectrum of the wave that comes out of it."""

import torch
from torch import nn

from espnet_plugin.training.losses.complex_spectrum import cartesian, complex_loss


class ConsistencyLoss(nn.Module):
    """Distance between a restored spectrum and the spectrum of its own inverse transform.

    Both sides carry gradient. The transform adds small constants, unlike the network's front end: a gradient
    through a bin without energy would be infinite otherwise (SEMamba++ specification, section 5).

    Args:
        window_samples: length of FFT and periodic Hann window.
        hop_samples: distance of two frames.
        compression: exponent of the magnitude.
    """

    EPSILON = 1e-10

    def __init__(self, window_samples: int = 400, hop_samples: int = 100, compression: float = 0.3) -> None:
        super().__init__()
        self.window_samples = window_samples
        self.hop_samples = hop_samples
        self.compression = compression
        # Not persistent: losses leave no trace in checkpoints.
        self.register_buffer("window", torch.hann_window(window_samples), persistent=False)

    def spectrum(self, wave: torch.Tensor) -> torch.Tensor:
        """Compressed spectrum of a wave (B, N) as (B, F, T, 2)."""
        bins = torch.stft(
            wave,
            self.window_samples,
            hop_length=self.hop_samples,
            window=self.window.to(wave.dtype),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        magnitude = torch.sqrt(bins.real**2 + bins.imag**2 + self.EPSILON) ** self.compression
        phase = torch.atan2(bins.imag + self.EPSILON, bins.real + self.EPSILON)
        return cartesian(magnitude, phase)

    def forward(self, restored: torch.Tensor, restored_wave: torch.Tensor) -> torch.Tensor:
        """Twice the mean squared difference of ``restored`` (B, F, T, 2) and the spectrum of its wave (B, N).

        Returns:
            A scalar.
        """
        return complex_loss(restored, self.spectrum(restored_wave))
