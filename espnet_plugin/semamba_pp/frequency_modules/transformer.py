"""A Transformer layer along the bins."""

import torch.nn.functional as functional
from torch import Tensor, nn

from espnet_plugin.semamba_pp.frequency_modules.along_bins import AlongBins


class RecurrentFeedForward(nn.Module):
    """A bidirectional GRU, a leaky rectifier and a linear layer: a feed-forward part that knows the order.

    Args:
        channels: C.
        hidden: units per direction.
    """

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.recurrence = nn.GRU(channels, hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden, channels)

    def forward(self, sequences: Tensor) -> Tensor:
        """(S, F, C) to (S, F, C)."""
        return self.output(functional.leaky_relu(self.recurrence(sequences)[0]))


class FrequencyTransformer(AlongBins):
    """Self-attention and a recurrent feed-forward part, each after a norm and with a residual.

    The recurrence takes the place of position codes; MP-SENet and other dual-path networks use this layer.

    Args:
        channels: C.
        bins: F; not needed, for its weights do not depend on it.
        heads: of the attention.
        hidden: units per direction of the recurrence per channel.
    """

    def __init__(self, channels: int, bins: int, heads: int = 4, hidden: int = 2):
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.feed_forward = RecurrentFeedForward(channels, hidden * channels)
        self.norm = nn.LayerNorm(channels)

    def mix(self, sequences: Tensor) -> Tensor:
        x = self.attention_norm(sequences)
        x = self.attention(x, x, x, need_weights=False)[0] + sequences
        x = self.feed_forward(self.feed_forward_norm(x)) + x
        return self.norm(x)
