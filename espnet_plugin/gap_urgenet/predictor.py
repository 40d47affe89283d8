"""The predictive branch: TF-GridNet on the 16 kHz spectrum (specification, section 6)."""

from torch import Tensor, nn

from espnet_plugin.gap_urgenet.grid_net import GridNet
from espnet_plugin.gap_urgenet.short_time import ShortTime, standardise


class Predictor(nn.Module):
    """Maps the spectrum of degraded speech to that of clean speech.

    Args:
        window: of the spectrum, in samples.
        channels, blocks, lstm_units, heads, query_channels, kernel, hop, eps: of `GridNet`.
    """

    def __init__(
        self,
        window: int = 512,
        channels: int = 96,
        blocks: int = 10,
        lstm_units: int = 200,
        heads: int = 8,
        query_channels: int = 4,
        kernel: int = 4,
        hop: int = 1,
        eps: float = 1e-5,
    ):
        super().__init__()
        self.spectrum = ShortTime(window)
        self.net = GridNet(2, 2, channels, blocks, lstm_units, heads, query_channels, kernel, hop, eps)

    def forward(self, wave: Tensor) -> Tensor:
        """Waves (B, N) at 16 kHz, N > window / 2, to (B, N); a last part of a hop is silent."""
        level, deviation = standardise(wave, (-1,))
        parts = self.net(self.spectrum.transform(level))
        return self.spectrum.synthesise(parts, wave.shape[-1]) * deviation
