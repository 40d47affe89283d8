"""Names and shapes of the official SEMamba++ checkpoint, to and from ours.

The official file is `{"generator": state dict}`; keys as in the authors' code. Old files,
from before the wiring was fixed in August 2026, have the same keys and shapes: nothing in
the file tells them apart, so the wiring is the user's choice.
"""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.network import SEMambaPP

#: Options that make another network, of which the official layout knows nothing.
_VARIANTS = ("rate_hz", "block", "frequency", "frequency_conf", "channel_part", "paths", "scales", "output")

_UNIT = {"convolution": "0", "norm": "1", "activation": "2"}
_FUSION = {"convolution": "0", "norm": "2"}
_MIXER = {
    "input": "in_proj",
    "convolution": "conv1d",
    "parameters_of_input": "x_proj",
    "step": "dt_proj",
    "log_decay": "A_log",
    "direct": "D",
    "output": "out_proj",
}
_REDUCE = {"convolution": "1", "norm": "2", "activation": "3"}
_FAN = {
    "fan1.periodic": "FAN1.input_linear_p",
    "fan1.general": "FAN1.input_linear_g",
    "fan2.periodic": "FAN2.input_linear_p",
    "fan2.general": "FAN2.input_linear_g",
    "linear": "Linear",
}


def _next(index: str) -> str:
    return str(int(index) + 1)


# Pattern of our name, and what gives the official one. The first that fits counts.
_RULES = [
    (r"encoder\.expand\.(\w+)\.(\w+)", lambda u, p: f"dense_encoder.dense_conv_1.{_UNIT[u]}.{p}"),
    (r"encoder\.halve\.(\w+)\.(\w+)", lambda u, p: f"dense_encoder.dense_conv_2.{_UNIT[u]}.{p}"),
    (
        r"(encoder|magnitude_decoder|phase_decoder)\.dense\.layers\.(\d+)\.(\w+)\.(\w+)",
        lambda part, i, u, p: f"{_PARTS[part]}.dense_block.dense_block.{i}.{_UNIT[u]}.{p}",
    ),
    (
        r"blocks\.(\d+)\.down\.(\d+)\.(\w+)\.(\w+)",
        lambda k, j, u, p: f"TSMamba.{k}.downsamples.{_next(j)}.{_UNIT[u]}.{p}",
    ),
    (r"blocks\.(\d+)\.up\.(\d+)\.(\w+)\.(\w+)", lambda k, j, u, p: f"TSMamba.{k}.upsamples.{j}.{_UNIT[u]}.{p}"),
    (r"blocks\.(\d+)\.fuse\.(\d+)\.(\w+)\.(\w+)", lambda k, j, u, p: f"TSMamba.{k}.gates.{j}.{_FUSION[u]}.{p}"),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.time\.(forward|backward)_layer\.norm\.(\w+)",
        lambda k, r, way, p: f"TSMamba.{k}.time_mambas.{r}.{way}_blocks.0.norm.{p}",
    ),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.time\.(forward|backward)_layer\.mixer\.(\w+)(\.\w+)?",
        lambda k, r, way, m, p: f"TSMamba.{k}.time_mambas.{r}.{way}_blocks.0.mixer.{_MIXER[m]}{p or ''}",
    ),
    (r"blocks\.(\d+)\.levels\.(\d+)\.time\.merge\.(\w+)", lambda k, r, p: f"TSMamba.{k}.tlinears.{r}.{p}"),
    (r"blocks\.(\d+)\.levels\.(\d+)\.norm\.(\w+)", lambda k, r, p: f"TSMamba.{k}.freq_layernorm.{r}.{p}"),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.frequency\.global_path\.fan\.(.+)\.(\w+)",
        lambda k, r, f, p: f"TSMamba.{k}.freq_ffns.{r}.global_branch.{_FAN[f]}.{p}",
    ),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.frequency\.local_path\.convolutions\.(\d+)\.(\w+)",
        lambda k, r, i, p: f"TSMamba.{k}.freq_ffns.{r}.local_branch.conv{_next(i)}.{p}",
    ),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.frequency\.merge\.(\w+)",
        lambda k, r, p: f"TSMamba.{k}.freq_ffns.{r}.linear.{p}",
    ),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.channel\.norm\.(\w+)",
        lambda k, r, p: f"TSMamba.{k}.channel_ffns.{r}.layernorm.{p}",
    ),
    (
        r"blocks\.(\d+)\.levels\.(\d+)\.channel\.fan\.(.+)\.(\w+)",
        lambda k, r, f, p: f"TSMamba.{k}.channel_ffns.{r}.{_FAN[f]}.{p}",
    ),
    (r"magnitude_decoder\.widen\.(\w+)", lambda p: f"mask_decoder.mask_conv.0.{p}"),
    (r"magnitude_decoder\.reduce\.(\w+)\.(\w+)", lambda u, p: f"mask_decoder.mask_conv.{_REDUCE[u]}.{p}"),
    (r"magnitude_decoder\.scale\.(\w+)", lambda p: f"mask_decoder.mask_conv.4.{p}"),
    (r"magnitude_decoder\.softplus\.log_slope", lambda: "mask_decoder.softplus.beta"),
    (r"phase_decoder\.widen\.(\w+)\.(\w+)", lambda u, p: f"phase_decoder.phase_conv.{_UNIT[u]}.{p}"),
    (r"phase_decoder\.real\.(\w+)", lambda p: f"phase_decoder.phase_conv_r.{p}"),
    (r"phase_decoder\.imaginary\.(\w+)", lambda p: f"phase_decoder.phase_conv_i.{p}"),
]
_PARTS = {"encoder": "dense_encoder", "magnitude_decoder": "mask_decoder", "phase_decoder": "phase_decoder"}
_MERGE = re.compile(r"TSMamba\.\d+\.tlinears\.\d+\.weight")
_LOCAL = re.compile(r"TSMamba\.\d+\.freq_ffns\.\d+\.local_branch\.conv\d\.weight")


def refuse_variants(options: Mapping[str, Any]) -> None:
    """Refuse networks that an official file cannot describe: it would be read as the released one.

    Args:
        options: arguments of `SEMambaPP`.

    Raises:
        UserError: names the options that deviate.
    """
    defaults = inspect.signature(SEMambaPP).parameters
    other = [key for key in _VARIANTS if key in options and options[key] != defaults[key].default]
    if other:
        raise UserError(
            f"the official layout has no place for {', '.join(other)}; write a .safetensors file instead"
        )


def official_name(name: str) -> str:
    """The official key of one of our parameter names.

    Raises:
        KeyError: no such parameter.
    """
    for pattern, rename in _RULES:
        if match := re.fullmatch(pattern, name):
            return rename(*match.groups())
    raise KeyError(name)


def to_official(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict under the official keys and in the official shapes."""
    official = {}
    for name, tensor in state.items():
        key = official_name(name)
        if _MERGE.fullmatch(key):
            # A transposed convolution of kernel 1 there, (in, out, 1); a linear layer here, (out, in).
            tensor = tensor.T.unsqueeze(-1).contiguous()
        elif _LOCAL.fullmatch(key):
            # A convolution in one dimension there, in two here.
            tensor = tensor.squeeze(2)
        official[key] = tensor
    return official


def from_official(official: dict[str, Tensor], names) -> dict[str, Tensor]:
    """The official state dict under our names, complete or not: what does not fit keeps its key.

    Args:
        official: content of "generator" in an official file.
        names: all parameter names of our network.
    """
    ours = {official_name(name): name for name in names}
    state = {}
    for key, tensor in official.items():
        if _MERGE.fullmatch(key) and tensor.ndim == 3:
            tensor = tensor.squeeze(-1).T.contiguous()
        elif _LOCAL.fullmatch(key) and tensor.ndim == 3:
            tensor = tensor.unsqueeze(2)
        state[ours.get(key, key)] = tensor
    return state
