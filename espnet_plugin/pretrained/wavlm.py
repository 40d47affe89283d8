"""WavLM as transformers keeps it: a folder with ``config.json`` and the weights (specification, 4.1)."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained import load as loading

CONFIG, WEIGHTS, OLD_WEIGHTS = "config.json", "model.safetensors", "pytorch_model.bin"
#: transformers' name of a size -> ours.
_SIZES = {
    "hidden_size": "channels",
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "intermediate_size": "hidden",
    "num_conv_pos_embeddings": "position_kernel",
    "num_conv_pos_embedding_groups": "position_groups",
    "num_buckets": "distance_buckets",
    "max_bucket_distance": "distance_reach",
}
_CONVOLUTIONS = ("conv_dim", "conv_kernel", "conv_stride")
#: What sets the kind of WavLM-Large apart from that of WavLM-Base.
_KIND = {
    "model_type": "wavlm",
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "conv_bias": False,
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
}
#: In files from before torch had parametrisations.
_OLD_NAMES = {
    "conv.weight_g": "conv.parametrizations.weight.original0",
    "conv.weight_v": "conv.parametrizations.weight.original1",
}


def is_wavlm_folder(path: Path) -> bool:
    """Whether this may be a folder of transformers."""
    return (path / CONFIG).is_file()


def read_wavlm_folder(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The arguments of ``DeWavLM`` and its tensors; heads for recognition and the like stay behind.

    Raises:
        UserError: a file is missing or damaged, or the network is of another kind than WavLM-Large.
    """
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        for name, value in _KIND.items():
            if config.get(name) != value:
                raise UserError(
                    f"{path} is no network like WavLM-Large: its {name} is {config.get(name)!r}, not "
                    f"{value!r}; take microsoft/wavlm-large"
                )
        options = {ours: config[theirs] for theirs, ours in _SIZES.items()}
        options["convolutions"] = [list(layer) for layer in zip(*(config[name] for name in _CONVOLUTIONS))]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path / CONFIG} is damaged ({loading.first_line(error)}); get it again") from error
    state, prefix = _read_weights(path), "wavlm."
    inside = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    return options, {prefix + _present_name(name): value for name, value in (inside or state).items()}


def _read_weights(path: Path) -> dict[str, Tensor]:
    if (path / WEIGHTS).is_file():
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path / WEIGHTS)
        except SafetensorError as error:
            raise UserError(f"{path / WEIGHTS} cannot be read: {loading.first_line(error)}") from error
    if (path / OLD_WEIGHTS).is_file():
        return loading.read_torch_file(path / OLD_WEIGHTS, mapped=True)
    raise UserError(f"{path} holds no weights: {WEIGHTS} or {OLD_WEIGHTS} is missing; get the folder again")


def _present_name(name: str) -> str:
    for old, present in _OLD_NAMES.items():
        if name.endswith(f"pos_conv_embed.{old}"):
            return name.removesuffix(old) + present
    return name
