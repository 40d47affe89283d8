"""The time-frequency dual-path block at several frequency resolutions (specification, section 3).

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import gelu, gelu_
from espnet_plugin.semamba_pp.convolution import downsample, merge_maps, upsample
from espnet_plugin.semamba_pp.fan import GatedFan
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.time_mamba import TimeMamba

WIRINGS = ("fixed", "old")


class ChannelFeedForward(nn.Module):
    """GELU, layer norm over the channels, gated FAN; without the residual.

    Args:
        channels: C.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fan = GatedFan(channels)

    def forward(self, x: Tensor) -> Tensor:
        # GELU comes before the norm in the code of the release.
        return self.fan(self.norm(gelu(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)


class Level(nn.Module):
    """What happens at one resolution: Mamba over time, layer norm, GLP over the bins, channel part.

    Args:
        channels: C.
        bins: F at this resolution.
        mixer: arguments of `MambaMixer`.
    """

    def __init__(self, channels: int, bins: int, **mixer):
        super().__init__()
        self.time = TimeMamba(channels, **mixer)
        self.norm = nn.LayerNorm(channels)
        self.frequency = FrequencyGlp(channels, bins)
        self.channel = ChannelFeedForward(channels)

    def time_and_frequency(self, x: Tensor) -> Tensor:
        """Everything but the channel part, (B, C, T, F) to (B, C, T, F)."""
        batch, channels, frames, bins = x.shape
        sequences = x.permute(0, 3, 2, 1).reshape(batch * bins, frames, channels)
        x = self.time(sequences).reshape(batch, bins, frames, channels)
        # The normalised value replaces the stream; it is no pre-norm in front of a residual.
        x = self.norm(x.transpose(1, 2)).permute(0, 3, 1, 2)
        return self.frequency(x) + x


class Fusion(nn.Module):
    """Merge two maps (B, C, T, F): 1x1 convolution, GELU, layer norm over the channels.

    The paper calls it a gate; there is no sigmoid in it.

    Args:
        channels: C.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.convolution = nn.Conv2d(2 * channels, channels, (1, 1))
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        x = gelu_(merge_maps(self.convolution, fine, coarse))
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class TfdpBlock(nn.Module):
    """Levels of falling frequency resolution side by side, fused from the coarsest upwards.

    Args:
        channels: C.
        bins: F of the finest level.
        resolutions: number of levels; each has half the bins of the one before.
        wiring: "fixed", or "old" for checkpoints trained before August 2026: there the
            channel part of the third level was applied to the second one, after its own.
        mixer: arguments of `MambaMixer`.
    """

    def __init__(self, channels: int, bins: int, resolutions: int = 3, wiring: str = "fixed", **mixer):
        super().__init__()
        if wiring not in WIRINGS:
            raise ValueError(f"unknown wiring '{wiring}': choose {' or '.join(WIRINGS)}")
        if wiring == "old" and resolutions != 3:
            raise ValueError("the old wiring exists with 3 resolutions only")
        if bins % 2 ** (resolutions - 1):
            raise ValueError(f"{bins} bins cannot be halved {resolutions - 1} times")
        self.wiring = wiring
        self.levels = nn.ModuleList(Level(channels, bins // 2**r, **mixer) for r in range(resolutions))
        self.down = nn.ModuleList(downsample(channels) for _ in range(resolutions - 1))
        self.up = nn.ModuleList(upsample(channels) for _ in range(resolutions - 1))
        self.fuse = nn.ModuleList(Fusion(channels) for _ in range(resolutions - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        maps = [x]
        for down in self.down:
            maps.append(down(maps[-1]))
        maps = [level.time_and_frequency(x) for level, x in zip(self.levels, maps)]
        maps = self._channel_parts(maps)
        x = maps[-1]
        # up.0 and fuse.0 serve the coarsest pair, as in the official numbering.
        for up, fuse, fine in zip(self.up, self.fuse, reversed(maps[:-1])):
            x = fuse(fine, up(x))
        return x + maps[0] if len(maps) > 1 else x

    def _channel_parts(self, maps: list[Tensor]) -> list[Tensor]:
        parts = [level.channel for level in self.levels]
        if self.wiring == "old":
            first, second, third = maps
            second = parts[1](second) + second
            return [parts[0](first) + first, parts[2](second) + second, third]
        return [part(x) + x for part, x in zip(parts, maps)]
