"""The time-frequency dual-path block at several frequency resolutions (specification, section 3).

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import gelu, gelu_, map_kernels_work
from espnet_plugin.semamba_pp.convolution import merge_maps
from espnet_plugin.semamba_pp.fan import GatedFan
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.frequency_modules import build_frequency_module
from espnet_plugin.semamba_pp.frequency_modules.linear import GatedLinear
from espnet_plugin.semamba_pp.precision import precision_of
from espnet_plugin.semamba_pp.scales import bins_of_levels, check_scales, down_step, up_step, whole_frames
from espnet_plugin.semamba_pp.time_mamba import TimeMamba, kernel_works

WIRINGS = ("fixed", "old")
PATHS = ("parallel", "sequential")


class ChannelFeedForward(nn.Module):
    """GELU, layer norm over the channels, gated FAN; without the residual.

    Args:
        channels: C.
        periodic: False puts plain linear layers in the place of the FAN layers.
    """

    def __init__(self, channels: int, periodic: bool = True):
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fan = GatedFan(channels) if periodic else GatedLinear(channels)

    def forward(self, x: Tensor) -> Tensor:
        # GELU comes before the norm in the code of the release.
        return self.fan(self.norm(gelu(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)

    def with_residual_(self, x: Tensor) -> Tensor:
        """The module's output plus x; in place where the kernel works, for maps that nobody else needs."""
        if not map_kernels_work(x) or not isinstance(self.fan, GatedFan):
            return self(x) + x
        from espnet_plugin.semamba_pp.level_kernels import ROWS, channel_kernel
        from espnet_plugin.semamba_pp.matrix_product import pack
        from espnet_plugin.threads import run_in_threads

        norm = self.norm.weight.detach().numpy(), self.norm.bias.detach().numpy(), self.norm.eps
        precision = precision_of(self)
        layers = [pack(*pair, precision) for pair in self.fan.weights_and_biases()]
        maps = x.permute(0, 2, 3, 1).contiguous()
        rows = maps.flatten(0, 2).numpy()
        run_in_threads(channel_kernel, (rows, *norm, *layers, precision), len(rows), ROWS)
        return maps.permute(0, 3, 1, 2)


class Level(nn.Module):
    """What happens at one resolution: Mamba over time, layer norm, GLP over the bins, channel part.

    Args:
        channels: C.
        bins: F at this resolution.
        frequency, frequency_conf: what stands along the bins, see `build_frequency_module`.
        channel_part: False leaves the channel part out.
        mixer: arguments of `MambaMixer`.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        frequency: str = "glp",
        frequency_conf: dict | None = None,
        channel_part: bool = True,
        **mixer,
    ):
        super().__init__()
        self.time = TimeMamba(channels, **mixer)
        self.norm = nn.LayerNorm(channels)
        self.frequency = build_frequency_module(frequency, channels, bins, mixer, frequency_conf)
        self.channel = ChannelFeedForward(channels, periodic=frequency != "linear") if channel_part else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        return self.with_channel_part(self.time_and_frequency(x))

    def time_and_frequency(self, x: Tensor) -> Tensor:
        """Everything but the channel part, (B, C, T, F) to (B, C, T, F)."""
        batch, channels, frames, bins = x.shape
        sequences = x.permute(0, 3, 2, 1).reshape(batch * bins, frames, channels)
        # The normalised value replaces the stream; it is no pre-norm in front of a residual.
        if kernel_works(sequences, self.time.forward_layer.mixer):
            x = self.time.run_kernel(sequences, self.norm)
            x = x.reshape(batch, bins, frames, channels).permute(0, 3, 2, 1)
        else:
            x = self.time(sequences).reshape(batch, bins, frames, channels)
            x = self.norm(x.transpose(1, 2)).permute(0, 3, 1, 2)
        if isinstance(self.frequency, FrequencyGlp):
            return self.frequency.with_residual_(x)
        return self.frequency(x) + x

    def with_channel_part(self, x: Tensor) -> Tensor:
        """The channel part plus x, if the level has one; perhaps in place."""
        return x if self.channel is None else self.channel.with_residual_(x)


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
        """Both (B, C, T, F), and so is the result, which may take the place of the coarse map."""
        if map_kernels_work(fine):
            return self._in_one_pass(fine, coarse)
        x = gelu_(merge_maps(self.convolution, fine, coarse))
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def _in_one_pass(self, fine: Tensor, coarse: Tensor) -> Tensor:
        from espnet_plugin.semamba_pp.level_kernels import fusion_kernel
        from espnet_plugin.semamba_pp.matrix_product import pack
        from espnet_plugin.threads import run_in_threads

        maps = [x.permute(0, 2, 3, 1).contiguous() for x in (fine, coarse)]
        rows = [x.flatten(0, 2).numpy() for x in maps]
        layer = pack(self.convolution.weight.flatten(1), self.convolution.bias)
        norm = self.norm.weight.detach().numpy(), self.norm.bias.detach().numpy(), self.norm.eps
        run_in_threads(fusion_kernel, (*rows, layer, *norm, precision_of(self)), len(rows[0]))
        return maps[1].permute(0, 3, 1, 2)


class TfdpBlock(nn.Module):
    """Levels of falling frequency resolution side by side, fused from the coarsest upwards.

    Args:
        channels: C.
        bins: F of the finest level.
        resolutions: number of levels.
        wiring: "fixed", or "old" for checkpoints trained before August 2026: there the
            channel part of the third level was applied to the second one, after its own.
        paths: "parallel", where the coarser levels start from the block's input, or "sequential", where
            each starts from the result of the finer one.
        scales: the step from each level to the next, see `check_scales`; by default half the bins.
        level: further arguments of `Level`.

    Raises:
        ValueError: an unknown or impossible choice.
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        resolutions: int = 3,
        wiring: str = "fixed",
        paths: str = "parallel",
        scales: Sequence[str] | None = None,
        **level,
    ):
        super().__init__()
        if wiring not in WIRINGS:
            raise ValueError(f"unknown wiring '{wiring}': choose {' or '.join(WIRINGS)}")
        if paths not in PATHS:
            raise ValueError(f"unknown paths '{paths}': choose {' or '.join(PATHS)}")
        if wiring == "old" and (resolutions != 3 or paths != "parallel"):
            raise ValueError("the old wiring exists with 3 resolutions in parallel only")
        self.wiring = wiring
        self.paths = paths
        self.scales = check_scales(scales, resolutions)
        self.levels = nn.ModuleList(Level(channels, f, **level) for f in bins_of_levels(bins, self.scales))
        self.down = nn.ModuleList(down_step(step, channels) for step in self.scales)
        self.up = nn.ModuleList(up_step(step, channels) for step in reversed(self.scales))
        self.fuse = nn.ModuleList(Fusion(channels) for _ in self.scales)
        if wiring == "old" and any(level.channel is None for level in self.levels):
            raise ValueError("the old wiring needs the channel part")
        self._share_global_paths()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) to (B, C, T, F)."""
        frames = x.shape[2]
        x = whole_frames(x, self.scales)
        x = self._fused(self._in_sequence(x) if self.paths == "sequential" else self._side_by_side(x))
        return x if x.shape[2] == frames else x[:, :, :frames]

    def _share_global_paths(self) -> None:
        """Give a level of half the frames the global path of the finer one.

        A global path has the same weights for all frames, and such a level differs from the
        finer one in nothing but its frames.
        """
        for step, fine, coarse in zip(self.scales, self.levels, self.levels[1:]):
            if step == "time" and hasattr(fine.frequency, "global_path"):
                coarse.frequency.global_path = fine.frequency.global_path

    def _side_by_side(self, x: Tensor) -> list[Tensor]:
        maps = [x]
        for down in self.down:
            maps.append(down(maps[-1]))
        return self._channel_parts([level.time_and_frequency(x) for level, x in zip(self.levels, maps)])

    def _in_sequence(self, x: Tensor) -> list[Tensor]:
        maps = [self.levels[0](x)]
        for down, level in zip(self.down, self.levels[1:]):
            maps.append(level(down(maps[-1])))
        return maps

    def _channel_parts(self, maps: list[Tensor]) -> list[Tensor]:
        if self.wiring == "old":
            parts = [level.channel for level in self.levels]
            first, second, third = maps
            second = parts[1].with_residual_(second)
            return [parts[0].with_residual_(first), parts[2].with_residual_(second), third]
        return [level.with_channel_part(x) for level, x in zip(self.levels, maps)]

    def _fused(self, maps: list[Tensor]) -> Tensor:
        x = maps[-1]
        # up.0 and fuse.0 serve the coarsest pair, as in the official numbering.
        for up, fuse, fine in zip(self.up, self.fuse, reversed(maps[:-1])):
            x = fuse(fine, up(x))
        if len(maps) == 1:
            return x
        return x + maps[0] if torch.is_grad_enabled() else x.add_(maps[0])
