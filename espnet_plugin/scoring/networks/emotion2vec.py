"""emotion2vec, the encoder (Ma et al. 2024): data2vec 2.0 for audio without what only training needs.

Shapes: B items, N samples, T frames of 20 ms, C features, H heads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, pad, scaled_dot_product_attention

#: Strides of the convolutions on the wave; they multiply to 320 samples, 20 ms at 16 kHz.
STRIDES = (5, 2, 2, 2, 2, 2, 2)


class Emotion2vec(nn.Module):
    """Frame features of a wave; the defaults are emotion2vec_base with 93.2 million weights.

    Args:
        channels: of each convolution on the wave.
        kernels: of these convolutions.
        width: C.
        heads: H.
        hidden: width of the feed-forward parts.
        layers: transformer layers; data2vec calls the first four of them the prenet.
        extra_tokens: learned vectors in front of the frames, to which every frame is equally near.
        position_layers, position_kernel, position_groups: of the convolutions that encode positions.
    """

    def __init__(
        self,
        channels: int = 512,
        kernels: Sequence[int] = (10, 3, 3, 3, 3, 2, 2),
        width: int = 768,
        heads: int = 12,
        hidden: int = 3072,
        layers: int = 12,
        extra_tokens: int = 10,
        position_layers: int = 5,
        position_kernel: int = 19,
        position_groups: int = 16,
    ):
        super().__init__()
        self.front = nn.ModuleList(
            FrontLayer(channels if index else 1, channels, kernel, stride)
            for index, (kernel, stride) in enumerate(zip(kernels, STRIDES, strict=True))
        )
        self.project_norm = nn.LayerNorm(channels)
        self.project = nn.Linear(channels, width)
        self.positions = nn.ModuleList(
            nn.Conv1d(width, width, position_kernel, padding=position_kernel // 2, groups=position_groups)
            for _ in range(position_layers)
        )
        self.extra_tokens = nn.Parameter(torch.zeros(1, extra_tokens, width))
        self.distance_scale = nn.Parameter(torch.ones(heads))
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(layers))

    def forward(self, wave: Tensor) -> Tensor:
        """Features (B, T, C) of the last layer.

        Args:
            wave: (B, N) at 16 kHz, N >= 400.
        """
        x = wave[:, None]
        for layer in self.front:
            x = layer(x)
        x = self.project(self.project_norm(x.mT))
        position = x.mT
        for convolution in self.positions:
            position = gelu(layer_norm(convolution(position).mT, x.shape[-1:])).mT
        x = x + position.mT
        bias = self._distance_bias(x.shape[1])
        x = self.norm(torch.cat([self.extra_tokens.expand(len(x), -1, -1), x], dim=1))
        for layer in self.layers:
            x = layer(x, bias)
        return x[:, self.extra_tokens.shape[1] :]

    def _distance_bias(self, frames: int) -> Tensor:
        """What attention loses with distance (Press et al. 2022): (H, extra tokens + T, extra tokens + T)."""
        scale = self.distance_scale.clamp(min=0)
        place = torch.arange(frames, device=scale.device)
        slopes = torch.tensor(distance_slopes(len(scale)), device=scale.device, dtype=scale.dtype)
        bias = -(slopes * scale)[:, None, None] * (place - place[:, None]).abs()
        extra = self.extra_tokens.shape[1]
        return pad(bias, (extra, 0, extra, 0))


class FrontLayer(nn.Module):
    """Convolution on the wave, normalised over channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int):
        super().__init__()
        self.convolution = nn.Conv1d(inputs, outputs, kernel, stride, bias=False)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return gelu(self.norm(self.convolution(x).mT)).mT


class Layer(nn.Module):
    """Transformer layer that normalises after adding."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, hidden)
        self.narrow = nn.Linear(hidden, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.query_key_value(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        heard = scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = self.attention_norm(x + self.mix(heard.transpose(1, 2).flatten(2)))
        return self.norm(x + self.narrow(gelu(self.widen(x))))


def distance_slopes(heads: int) -> list[float]:
    """How fast each head's attention falls with distance: geometric, from 2^(-8/n) to 2^-8 for n heads.

    For numbers that are no power of two the steps of the power below come first, then every second one of
    the power above.
    """
    whole = 2 ** int(math.log2(heads))
    slopes = [2.0 ** (-8 * step / whole) for step in range(1, whole + 1)]
    return slopes + [2.0 ** (-4 * step / whole) for step in range(1, 2 * whole, 2)][: heads - whole]
