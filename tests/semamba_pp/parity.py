"""The reference numbers of the official model and the rule that makes its weights."""

import zlib

import numpy as np
import torch

from espnet_plugin.pretrained.semamba_pp import from_official, to_official
from espnet_plugin.semamba_pp.network import SEMambaPP


def rule_value(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value that the fixture's weight rule gives to one official parameter, in float32."""
    noise = np.random.RandomState(zlib.crc32(key.encode())).standard_normal(shape)
    fan_in = np.prod(shape[1:])
    if key.endswith("A_log"):
        value = np.log(np.arange(1, 17)) + 0.05 * noise
    elif key.endswith(".D"):
        value = 1 + 0.05 * noise
    elif key.endswith("dt_proj.bias"):
        value = -2 + 0.7 * noise
    elif key.endswith("x_proj.weight"):
        value = 2 * noise / np.sqrt(fan_in)
    elif key.endswith("softplus.beta"):
        value = 1 + 0.7 * noise
    elif len(shape) >= 2 and np.prod(shape) == 1:
        value = 1 + 0.1 * noise
    elif len(shape) >= 2:
        value = 0.7 * noise / np.sqrt(fan_in)
    elif key.endswith("weight"):
        value = 0.5 + 0.2 * noise
    else:
        value = 0.1 * noise
    return value.astype(np.float32)


def official_state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The rule-made official state dict with the shapes of a network."""
    return {
        key: torch.from_numpy(rule_value(key, tuple(tensor.shape)))
        for key, tensor in to_official(network.state_dict()).items()
    }


def rule_made_network(**options) -> SEMambaPP:
    """The full-size network with the fixture's weights, in float32 and eval mode."""
    network = SEMambaPP(**options)
    network.load_state_dict(from_official(official_state(network), network.state_dict()))
    return network.eval()


def relative_rms(value, reference) -> float:
    """Root mean square of the difference over that of the reference."""
    value, reference = (np.asarray(x) for x in (value, reference))
    return float(np.linalg.norm((value - reference).ravel()) / np.linalg.norm(reference.ravel()))
