"""Frequency GLP without its global path."""

from torch import Tensor, nn

from espnet_plugin.semamba_pp.convolution import merge_maps
from espnet_plugin.semamba_pp.frequency_glp import LocalPath


class FrequencyLocal(nn.Module):
    """A wide local path in the place of the global one, beside the usual local path.

    Args:
        channels: C.
        bins: F; not needed, for its weights do not depend on it.
        expansion: inner channels per channel of the wide path; 2, as the global path widens the bins.
    """

    def __init__(self, channels: int, bins: int, expansion: int = 2):
        super().__init__()
        self.wide_path = LocalPath(channels, expansion)
        self.local_path = LocalPath(channels)
        self.merge = nn.Conv2d(2 * channels, channels, (1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return merge_maps(self.merge, self.wide_path(x), self.local_path(x))
