"""Names in the official discriminator checkpoints, to and from ours.

An official file ``ln_do_*.pth`` holds the state dictionaries ``mrd`` and ``mssbcqtd`` beside those of the
optimisers. Its fixed kernels of transforms and resamplers are designed anew here and left out.
"""

import re
from collections.abc import Iterable

from torch import Tensor

# Ours for theirs. Shapes are the same.
_PARTS = {"convolutions": "convs", "octaves": "conv_pres", "score": "conv_post"}
_TENSORS = {
    "weight": "weight",
    "bias": "bias",
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
}
_OURS = re.compile(r"(?:resolutions|scales)\.(\d+)\.(convolutions|octaves|score)((?:\.\d+)?)\.(.+)")
_DESIGNED = re.compile(r"discriminators\.\d+\.(cqt_transform|resample)\.\w+")


def official_name(name: str) -> str:
    """The official key of a parameter of either waveform discriminator.

    Raises:
        KeyError: no such parameter.
    """
    match = _OURS.fullmatch(name)
    if match is None or match[4] not in _TENSORS:
        raise KeyError(name)
    index, part, layer, tensor = match.groups()
    return f"discriminators.{index}.{_PARTS[part]}{layer}.{_TENSORS[tensor]}"


def to_official(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict of one discriminator under the official keys."""
    return {official_name(name): tensor for name, tensor in state.items()}


def from_official(official: dict[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
    """The official state dict of one discriminator under our names; what does not fit keeps its key.

    Args:
        official: content of ``mrd`` or ``mssbcqtd`` in an official file.
        names: all parameter names of our discriminator.
    """
    ours = {official_name(name): name for name in names}
    return {ours.get(key, key): tensor for key, tensor in official.items() if not _DESIGNED.fullmatch(key)}
