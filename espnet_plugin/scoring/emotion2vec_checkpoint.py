"""The published file of emotion2vec: its tensors under our names, and whether it wants waves normalised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import check_tensors, read_torch_file
from espnet_plugin.scoring.networks.emotion2vec import Emotion2vec

PRENET_LAYERS = 4
_AUDIO = r"modality_encoders\.AUDIO\."
_PARTS = {
    "attn.qkv": "query_key_value",
    "attn.proj": "mix",
    "norm1": "attention_norm",
    "mlp.fc1": "widen",
    "mlp.fc2": "narrow",
    "norm2": "norm",
}
_NAMES = [
    (rf"{_AUDIO}local_encoder\.conv_layers\.(\d+)\.0\.(\w+)", lambda i, p: f"front.{i}.convolution.{p}"),
    (rf"{_AUDIO}local_encoder\.conv_layers\.(\d+)\.2\.1\.(\w+)", lambda i, p: f"front.{i}.norm.{p}"),
    (rf"{_AUDIO}project_features\.1\.(\w+)", lambda p: f"project_norm.{p}"),
    (rf"{_AUDIO}project_features\.2\.(\w+)", lambda p: f"project.{p}"),
    # The first entry of this sequence only swaps axes.
    (
        rf"{_AUDIO}relative_positional_encoder\.(\d+)\.0\.(\w+)",
        lambda i, p: f"positions.{int(i) - 1}.{p}",
    ),
    (rf"{_AUDIO}extra_tokens", lambda: "extra_tokens"),
    (rf"{_AUDIO}alibi_scale", lambda: "distance_scale"),
    (rf"{_AUDIO}context_encoder\.norm\.(\w+)", lambda p: f"norm.{p}"),
    (
        rf"{_AUDIO}context_encoder\.blocks\.(\d+)\.([\w.]+)\.(\w+)",
        lambda i, part, p: f"layers.{i}.{_PARTS[part]}.{p}",
    ),
    (
        r"blocks\.(\d+)\.([\w.]+)\.(\w+)",
        lambda i, part, p: f"layers.{int(i) + PRENET_LAYERS}.{_PARTS[part]}.{p}",
    ),
]


def read_emotion2vec(path: Path) -> tuple[Emotion2vec, bool]:
    """Read `emotion2vec_base.pt`, a checkpoint of fairseq, which is not needed for it.

    What served training only (decoder, optimiser, teacher) is left in the file.

    Returns:
        the network, ready for inference, and whether it wants waves of zero mean and unit variance.

    Raises:
        UserError: the file is damaged, holds more than tensors and plain values, or is another model's.
    """
    content = read_torch_file(path, mapped=True)
    if not isinstance(content, Mapping) or not isinstance(content.get("model"), Mapping):
        raise UserError(f"{path} is no checkpoint of emotion2vec: it has no entry 'model'")
    state = _under_our_names(content["model"])
    try:
        with torch.device("meta"):
            network = Emotion2vec(**_sizes(state))
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        raise UserError(f"{path} is no checkpoint of emotion2vec: sizes cannot be told from it") from error
    check_tensors(state, network.state_dict(), f"{path} is no checkpoint of emotion2vec")
    network.load_state_dict(state, assign=True)
    task = (content.get("cfg") or {}).get("task") or {}
    return network.requires_grad_(False).eval(), bool(task.get("normalize", True))


def _under_our_names(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    state = {}
    for name, tensor in official.items():
        for pattern, ours in _NAMES:
            if match := re.fullmatch(pattern, name):
                state[ours(*match.groups())] = tensor.float()
                break
    if "distance_scale" in state:  # (1, 1, heads, 1, 1)
        state["distance_scale"] = state["distance_scale"].flatten()
    return state


def _sizes(state: Mapping[str, Tensor]) -> dict:
    positions = state["positions.0.weight"]
    front = sum(name.endswith(".convolution.weight") for name in state)
    return {
        "channels": len(state["project_norm.weight"]),
        "kernels": [state[f"front.{index}.convolution.weight"].shape[-1] for index in range(front)],
        "width": len(positions),
        "heads": len(state["distance_scale"]),
        "hidden": len(state["layers.0.widen.weight"]),
        "layers": sum(name.endswith(".widen.weight") for name in state),
        "extra_tokens": state["extra_tokens"].shape[1],
        "position_layers": sum(bool(re.fullmatch(r"positions\.\d+\.weight", name)) for name in state),
        "position_kernel": positions.shape[-1],
        "position_groups": len(positions) // positions.shape[1],
    }
