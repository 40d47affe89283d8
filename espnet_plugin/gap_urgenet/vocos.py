"""Backbone of adapter and vocoder: convolutions with attention, then ConvNeXt (specification, section 5).

Shapes: B items, C channels, T frames.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

EPS = 1e-6
GROUPS = 32


class GroupNorm(nn.GroupNorm):
    """Norm of 32 groups; also for a single frame of one channel per group, which torch's module refuses."""

    def __init__(self, channels: int):
        super().__init__(GROUPS, channels, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class ResidualBlock(nn.Module):
    """Two normalised convolutions of three frames beside the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm1 = GroupNorm(channels)
        self.convolution1 = nn.Conv1d(channels, channels, 3, padding=1)
        self.norm2 = GroupNorm(channels)
        self.dropout = nn.Dropout(0.1)
        self.convolution2 = nn.Conv1d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        y = self.convolution1(functional.silu(self.norm1(x)))
        return x + self.convolution2(self.dropout(functional.silu(self.norm2(y))))


class AttentionBlock(nn.Module):
    """Attention of one head over all frames, beside the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = GroupNorm(channels)
        self.query, self.key, self.value, self.output = (nn.Conv1d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        y = self.norm(x)
        query, key, value = (part(y).transpose(1, 2) for part in (self.query, self.key, self.value))
        return x + self.output(functional.scaled_dot_product_attention(query, key, value).transpose(1, 2))


class ConvNextBlock(nn.Module):
    """A convolution of seven frames for each channel, then two layers across channels."""

    def __init__(self, channels: int, hidden: int, scale: float):
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPS)
        self.widen = nn.Linear(channels, hidden)
        self.narrow = nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), scale))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        y = self.norm(self.depthwise(x).transpose(1, 2))
        y = self.scale * self.narrow(functional.gelu(self.widen(y)))
        return x + y.transpose(1, 2)


class VocosBackbone(nn.Module):
    """From features to features of another width, each frame seeing all others.

    Args:
        in_channels: of the input.
        channels: C of everything after it; a multiple of 32.
        hidden: width inside the ConvNeXt blocks.
        blocks: number of ConvNeXt blocks.
        residual_blocks: of them, half stand before the attention and half after it.
        attention_blocks: number of those.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        hidden: int,
        blocks: int = 12,
        residual_blocks: int = 4,
        attention_blocks: int = 1,
    ):
        super().__init__()
        self.embed = nn.Conv1d(in_channels, channels, 7, padding=3)
        self.context = nn.Sequential(
            *(ResidualBlock(channels) for _ in range(residual_blocks // 2)),
            *(AttentionBlock(channels) for _ in range(attention_blocks)),
            *(ResidualBlock(channels) for _ in range(residual_blocks // 2)),
            GroupNorm(channels),
        )
        self.norm = nn.LayerNorm(channels, eps=EPS)
        self.blocks = nn.Sequential(*(ConvNextBlock(channels, hidden, 1 / blocks) for _ in range(blocks)))
        self.final_norm = nn.LayerNorm(channels, eps=EPS)
        self._initialise()

    def _initialise(self):
        for layer in (self.embed, *self.blocks.modules()):
            if isinstance(layer, (nn.Conv1d, nn.Linear)):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, in_channels) to (B, T, C)."""
        x = self.context(self.embed(features.transpose(1, 2)))
        x = self.norm(x.transpose(1, 2)).transpose(1, 2)
        return self.final_norm(self.blocks(x).transpose(1, 2))
