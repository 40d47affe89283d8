"""The reference numbers of the official GAP-URGENet and the rule that makes its weights."""

import json
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import torch

from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.pretrained.gap_urgenet import WINDOW, from_official
from espnet_plugin.pretrained.gap_urgenet_names import PARTS

#: Names of the parts in the fixture's list of sizes.
SECTIONS = {"encoder": "dewavlm", **{name: name for name in ("adapter", "vocoder", "predictor", "postnet")}}


def rule_value(file: str, key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value that the fixture's fill rule gives to one official tensor, in float32."""
    if key == WINDOW:
        return torch.hann_window(*shape).numpy()
    noise = np.random.RandomState(zlib.crc32(f"{file}/{key}".encode())).standard_normal(shape)
    leaf = key.rpartition(".")[2]
    prelu = key.endswith(("act.weight", "attn_concat_proj.1.weight"))
    if leaf == "mask_emb" or key.endswith("relative_attention_bias.weight"):
        value = noise
    elif leaf in ("grep_a", "weight_g"):
        value = 1 + 0.1 * noise
    elif leaf == "gamma":
        value = (0.2 if ".convnext." in key else 1) * (1 + 0.1 * noise)
    elif leaf == "beta":
        value = 0.1 * noise
    elif leaf.startswith("bias"):
        value = 0.1 * noise
        if key == "head.out.bias":
            value[: len(value) // 2] -= 2
    elif leaf == "weight" and len(shape) == 1:
        value = 0.25 + 0.05 * noise if prelu else 1 + 0.1 * noise
    else:
        transposed = key.endswith(("intra_linear.weight", "inter_linear.weight")) or key == "deconv.weight"
        fan_in = np.prod(shape) / shape[1 if transposed else 0]
        value = noise / np.sqrt(fan_in) * {"head.out.weight": 2, "deconv.weight": 8}.get(key, 1)
    return value.astype(np.float32)


@cache
def fixture(shared: Path) -> dict[str, np.ndarray]:
    """All arrays of the fixture, by name."""
    with np.load(shared / "fixtures" / "gap_urgenet_parity.npz") as file:
        return dict(file)


@cache
def meta(shared: Path) -> dict:
    """The fixture's cases and sizes."""
    return json.loads(bytes(fixture(shared)["meta_json"]))


@cache
def official_files(shared: Path, size: str) -> dict[str, tuple[dict[str, torch.Tensor], dict]]:
    """Part -> (rule-made official state dict, official arguments), for "tiny" or "full"."""
    arguments = {name: meta(shared)["configs"][size][section] for name, section in SECTIONS.items()}
    with torch.device("meta"):
        network = GapUrgenet(**{name: part.options(arguments[name]) for name, part in PARTS.items()})
    files = {}
    for name, part in PARTS.items():
        module = getattr(network, name)
        shapes = {part.official_name(own): tensor.shape for own, tensor in module.state_dict().items()}
        if name == "vocoder":
            shapes[WINDOW] = (module.transform,)
        state = {key: torch.from_numpy(rule_value(part.file, key, tuple(s))) for key, s in shapes.items()}
        files[name] = state, arguments[name]
    return files


def write_official(shared: Path, folder: Path, size: str = "tiny") -> Path:
    """The five files of the official layout in a folder."""
    for name, (state, arguments) in official_files(shared, size).items():
        torch.save({"model": state, "cfg": arguments}, folder / f"{PARTS[name].file}.pt")
    return folder


@cache
def rule_made_network(shared: Path, size: str) -> GapUrgenet:
    """The network with the fixture's weights."""
    return from_official({name: (*content, name) for name, content in official_files(shared, size).items()})


def relative_error(value, reference) -> float:
    """L2 norm of the difference over that of the reference."""
    value, reference = (np.asarray(x) for x in (value, reference))
    assert value.shape == reference.shape
    return float(np.linalg.norm((value - reference).ravel()) / np.linalg.norm(reference.ravel()))
