"""Fusion of the two branches and extension of their band, at 48 kHz (specification, section 7).

Shapes: B items, N samples, T frames, K bands of F bins, which share their edges.
"""

import torch
from torch import Tensor, nn

from espnet_plugin.gap_urgenet.grid_net import GridNet
from espnet_plugin.gap_urgenet.short_time import ShortTime, standardise


class PostNet(nn.Module):
    """TF-GridNet that sees the bands of a 48 kHz spectrum as channels of one narrow spectrum.

    Args:
        inputs: number of waves to fuse.
        bands: K.
        window: of the spectrum, in samples.
        channels, blocks, lstm_units, heads, query_channels, kernel, hop, eps: of `GridNet`.

    Raises:
        ValueError: bins that do not split into that many bands.
    """

    def __init__(
        self,
        inputs: int = 2,
        bands: int = 3,
        window: int = 1536,
        channels: int = 48,
        blocks: int = 5,
        lstm_units: int = 100,
        heads: int = 4,
        query_channels: int = 2,
        kernel: int = 4,
        hop: int = 1,
        eps: float = 1e-5,
    ):
        super().__init__()
        if window // 2 % bands:
            raise ValueError(f"{window // 2 + 1} bins do not split into {bands} bands with shared edges")
        self.bands = bands
        self.spectrum = ShortTime(window)
        self.net = GridNet(
            *(2 * inputs * bands, 2 * bands),
            *(channels, blocks, lstm_units, heads, query_channels, kernel, hop, eps),
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Fuse waves.

        Args:
            waves: (B, inputs, N) at 48 kHz, N > window / 2; first the predictive, then the generative one.

        Returns:
            (B, N); a last part of a hop is silent.
        """
        level, deviation = standardise(waves, (-2, -1))
        parts = self.spectrum.transform(level.flatten(0, 1)).unflatten(0, waves.shape[:2]).flatten(1, 2)
        parts = self._join(self.net(self._split(parts)))
        return self.spectrum.synthesise(parts, waves.shape[-1]) * deviation[:, 0]

    def _split(self, parts: Tensor) -> Tensor:
        """(B, C, T, K (F - 1) + 1) to (B, K C, T, F), band after band."""
        step = (parts.shape[-1] - 1) // self.bands
        return torch.cat([parts[..., k * step : (k + 1) * step + 1] for k in range(self.bands)], 1)

    def _join(self, parts: Tensor) -> Tensor:
        """The inverse of `_split`; a shared bin is taken from the lower band."""
        first, *others = parts.chunk(self.bands, 1)
        return torch.cat([first, *(band[..., 1:] for band in others)], -1)
