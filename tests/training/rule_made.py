"""The vocoder adversary with the weights that the reference numbers were computed with."""

import zlib

import numpy as np
import torch

from espnet_plugin.training.adversaries import VocoderAdversary
from espnet_plugin.training.discriminators.official_names import from_official, to_official
from tests.semamba_pp.parity import rule_value

# The official name of each discriminator, which stands in front of its keys.
OFFICIAL = {"multi_resolution": "mrd", "sub_band_cqt": "mssbcqtd"}


def discriminator_value(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value of the fixture's weight rule for one official discriminator parameter, in float32."""
    if not key.endswith("weight_g"):
        return rule_value(key, shape)
    noise = np.random.RandomState(zlib.crc32(key.encode())).standard_normal(shape)
    return (1 + 0.1 * noise).astype(np.float32)


def rule_made_adversary() -> VocoderAdversary:
    """The full-size adversary with the fixture's weights, in float32."""
    adversary = VocoderAdversary()
    for name, official in OFFICIAL.items():
        discriminator = getattr(adversary, name)
        state = {
            key: torch.from_numpy(discriminator_value(f"{official}.{key}", tuple(tensor.shape)))
            for key, tensor in to_official(discriminator.state_dict()).items()
        }
        discriminator.load_state_dict(from_official(state, discriminator.state_dict()))
    return adversary
