"""The block of SEMamba, the predecessor: Mamba along the frames, then along the bins.

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

from torch import Tensor, nn

from espnet_plugin.semamba_pp.frequency_modules.mamba import FrequencyMamba
from espnet_plugin.semamba_pp.time_mamba import TimeMamba


class TfMambaBlock(nn.Module):
    """Both directions in time, both directions in frequency, each with a linear merge and a residual.

    Args:
        channels: C.
        bins: F; not needed, for the weights do not depend on it.
        mixer: arguments of `MambaMixer`.
    """

    def __init__(self, channels: int, bins: int, **mixer):
        super().__init__()
        self.time = TimeMamba(channels, **mixer)
        self.frequency = FrequencyMamba(channels, bins, **mixer)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        batch, channels, frames, bins = x.shape
        sequences = x.permute(0, 3, 2, 1).reshape(batch * bins, frames, channels)
        x = self.time(sequences).reshape(batch, bins, frames, channels).permute(0, 3, 2, 1)
        return self.frequency(x) + x
