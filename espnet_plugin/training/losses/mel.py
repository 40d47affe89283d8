"""Multi-scale mel spectrogram loss."""

from collections.abc import Sequence

import torch
from torch import nn


class MelLoss(nn.Module):
    """Mean absolute difference of log mel spectrograms, summed over several resolutions.

    Magnitude STFT with periodic Hann window, hop of a quarter window and reflected ends, librosa's Slaney mel
    filters from 0 Hz to half the rate, log10 of at least 1e-5 (SEMamba++ specification, section 5;
    GAP-URGENet specification, 9.1).

    Args:
        rate_hz: sampling rate.
        resolutions: pairs (window in samples, number of mel bands); by default those of SEMamba++, those of
            GAP-URGENet are ``SEVEN_RESOLUTIONS``.
    """

    SEVEN_RESOLUTIONS = tuple((32 << step, 5 << step) for step in range(7))
    FLOOR = 1e-5

    def __init__(
        self,
        rate_hz: int = 16000,
        resolutions: Sequence[tuple[int, int]] = ((256, 40), (512, 80), (1024, 160), (2048, 320)),
    ) -> None:
        super().__init__()
        from librosa.filters import mel  # slow to import, and only training needs it

        self.resolutions = tuple((int(window), int(bands)) for window, bands in resolutions)
        for window, bands in self.resolutions:
            basis = mel(sr=rate_hz, n_fft=window, n_mels=bands, fmin=0.0, fmax=rate_hz / 2)
            # Not persistent: losses leave no trace in checkpoints.
            self.register_buffer(f"basis_{window}", torch.from_numpy(basis), persistent=False)
            self.register_buffer(f"window_{window}", torch.hann_window(window), persistent=False)

    @property
    def shortest_samples(self) -> int:
        """The shortest wave that every resolution can reflect at its ends."""
        return max(window for window, _ in self.resolutions) // 2 + 1

    def log_mel(self, wave: torch.Tensor, window: int) -> torch.Tensor:
        """Log mel spectrogram (B, bands, frames) of a wave (B, N) in the resolution of that window."""
        bins = torch.stft(
            wave,
            window,
            hop_length=window // 4,
            window=getattr(self, f"window_{window}").to(wave.dtype),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        bands = getattr(self, f"basis_{window}").to(wave.dtype) @ bins.abs()
        return torch.log10(torch.clamp(bands, min=self.FLOOR))

    def forward(self, clean_wave: torch.Tensor, restored_wave: torch.Tensor) -> torch.Tensor:
        """Distance of two waves, both (B, N) with N of at least ``shortest_samples``.

        Returns:
            A scalar.
        """
        return sum(
            torch.mean(torch.abs(self.log_mel(clean_wave, window) - self.log_mel(restored_wave, window)))
            for window, _ in self.resolutions
        )
