"""Frequency GLP with one path after the other."""

from torch import Tensor, nn

from espnet_plugin.semamba_pp.frequency_glp import GlobalPath, LocalPath


class SerialGlp(nn.Module):
    """The local path after the global one; nothing is left to merge.

    Args:
        channels: C.
        bins: F.
    """

    def __init__(self, channels: int, bins: int):
        super().__init__()
        self.global_path = GlobalPath(bins)
        self.local_path = LocalPath(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.local_path(self.global_path(x))
