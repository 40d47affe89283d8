"""From clean features to a 16 kHz wave (specification, section 5).

Shapes: B items, T frames, F = transform // 2 + 1 bins.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.gap_urgenet.vocos import VocosBackbone


class Vocoder(nn.Module):
    """Vocos: a spectrum for every frame of features, made into a wave by overlap-add.

    Args:
        in_channels: features per frame.
        channels, hidden, blocks, residual_blocks, attention_blocks: of `VocosBackbone`.
        transform: length of the Fourier transform and its periodic Hann window, in samples.
        hop: step between frames, in samples.
    """

    def __init__(
        self,
        in_channels: int = 1024,
        channels: int = 1024,
        hidden: int = 3072,
        blocks: int = 12,
        residual_blocks: int = 4,
        attention_blocks: int = 1,
        transform: int = 1280,
        hop: int = 320,
    ):
        super().__init__()
        self.transform = transform
        self.hop = hop
        self.backbone = VocosBackbone(
            in_channels, channels, hidden, blocks, residual_blocks, attention_blocks
        )
        self.head = nn.Linear(channels, transform + 2)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, T, in_channels) to waves (B, hop T)."""
        log_magnitude, phase = self.head(self.backbone(features)).float().chunk(2, -1)
        return self._synthesise(torch.polar(log_magnitude.clamp(-20, 5).exp(), phase))

    def _synthesise(self, spectrum: Tensor) -> Tensor:
        """The wave of a spectrum (B, T, F); unlike `torch.istft` it gives one hop for every frame."""
        frames = spectrum.shape[1]
        window = torch.hann_window(self.transform, device=spectrum.device)
        pieces = torch.fft.irfft(spectrum, self.transform) * window
        weight = (window**2).expand(1, frames, -1)
        return self._overlap_add(pieces) / self._overlap_add(weight)

    def _overlap_add(self, pieces: Tensor) -> Tensor:
        """Sum of shifted pieces (B, T, transform), without what the frames do not cover by whole hops."""
        samples = (pieces.shape[1] - 1) * self.hop + self.transform
        folded = functional.fold(
            pieces.transpose(1, 2), (1, samples), (1, self.transform), stride=(1, self.hop)
        )
        edge = (self.transform - self.hop) // 2
        return folded[:, 0, 0, edge : samples - edge]
