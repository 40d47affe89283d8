"""Modules that see every frame as a sequence of bins."""

from torch import Tensor, nn


class AlongBins(nn.Module):
    """Base class: brings feature maps (B, C, T, F) into sequences (B T, F, C) and back."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        batch, channels, frames, bins = x.shape
        sequences = x.permute(0, 2, 3, 1).reshape(batch * frames, bins, channels)
        return self.mix(sequences).reshape(batch, frames, bins, channels).permute(0, 3, 1, 2)

    def mix(self, sequences: Tensor) -> Tensor:
        """(S, F, C) to (S, F, C); what a subclass does along the bins."""
        raise NotImplementedError
