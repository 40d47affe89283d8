"""The steps between the levels of a TFDP block: which axis is halved, and how it is doubled again.

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from espnet_plugin.semamba_pp.convolution import ConvolutionUnit, downsample, upsample

#: "frequency" is what the paper proposes; "time" halves the frames instead, "none" nothing.
STEPS = ("frequency", "time", "none")


def check_scales(scales: Sequence[str] | None, resolutions: int) -> tuple[str, ...]:
    """The steps from each level to the next coarser one.

    Args:
        scales: one of `STEPS` per step; by default all halve the bins.
        resolutions: number of levels.

    Raises:
        ValueError: an unknown step, or another number of steps than the levels need.
    """
    if scales is None:
        return ("frequency",) * (resolutions - 1)
    for step in scales:
        if step not in STEPS:
            raise ValueError(f"unknown step '{step}' in scales: choose {', '.join(STEPS)}")
    if len(scales) != resolutions - 1:
        raise ValueError(f"{resolutions} resolutions need {resolutions - 1} scales, not {len(scales)}")
    return tuple(scales)


def bins_of_levels(bins: int, scales: Sequence[str]) -> list[int]:
    """F at every level.

    Raises:
        ValueError: a number of bins cannot be halved.
    """
    levels = [bins]
    for step in scales:
        if step == "frequency" and levels[-1] % 2:
            raise ValueError(f"{bins} bins cannot be halved {scales.count('frequency')} times")
        levels.append(levels[-1] // 2 if step == "frequency" else levels[-1])
    return levels


def down_step(step: str, channels: int) -> nn.Module:
    """(B, C, T, F) to the next coarser level."""
    if step == "time":
        return ConvolutionUnit(nn.Conv2d(channels, channels, (4, 3), stride=(2, 1), padding=(1, 1)))
    return downsample(channels) if step == "frequency" else nn.Identity()


def up_step(step: str, channels: int) -> nn.Module:
    """From the next coarser level to (B, C, T, F)."""
    if step == "time":
        return ConvolutionUnit(nn.ConvTranspose2d(channels, channels, (4, 3), stride=(2, 1), padding=(1, 1)))
    return upsample(channels) if step == "frequency" else nn.Identity()


def whole_frames(x: Tensor, scales: Sequence[str]) -> Tensor:
    """Repeat the last frame until the frames can be halved as often as the scales ask for."""
    missing = -x.shape[2] % 2 ** scales.count("time")
    return functional.pad(x, (0, 0, 0, missing), mode="replicate") if missing else x
