"""Mamba along the bins, upwards and downwards."""

import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.frequency_modules.along_bins import AlongBins
from espnet_plugin.semamba_pp.time_mamba import MambaLayer, kernel_works, run_both_directions


class FrequencyMamba(AlongBins):
    """One layer from the lowest bin to the highest, one back, and a linear merge, as SEMamba has it.

    Args:
        channels: C.
        bins: F; not needed, for its weights do not depend on it.
        mixer: arguments of `MambaMixer`.
    """

    def __init__(self, channels: int, bins: int, **mixer):
        super().__init__()
        self.upward_layer = MambaLayer(channels, **mixer)
        self.downward_layer = MambaLayer(channels, **mixer)
        self.merge = nn.Linear(2 * channels, channels)

    def mix(self, sequences: Tensor) -> Tensor:
        if kernel_works(sequences, self.upward_layer.mixer):
            layers = self.upward_layer, self.downward_layer
            return run_both_directions(sequences, layers, self.merge, residual=False)
        upward = self.upward_layer(sequences)
        downward = self.downward_layer(sequences, backward=True)
        return self.merge(torch.cat((upward, downward), -1))
