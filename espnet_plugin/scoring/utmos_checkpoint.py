"""The published file of UTMOS: its tensors under the names of transformers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained.load import check_tensors, read_torch_file
from espnet_plugin.scoring.networks.utmos import StrongLearner

#: In all sizes of wav2vec 2.0; the number of heads cannot be told from the tensors.
HEAD_WIDTH = 64
STRIDES = (5, 2, 2, 2, 2, 2, 2)
# fairseq's names of wav2vec 2.0, as whole parts between dots; what is not listed is called the same.
_RENAMED = (
    (r"^layer_norm", "feature_projection.layer_norm"),
    (r"^post_extract_proj", "feature_projection.projection"),
    (r"(conv_layers\.\d+)\.0\.", r"\1.conv."),
    (r"(conv_layers\.\d+)\.2\.", r"\1.layer_norm."),
    (r"pos_conv\.0\.weight_g$", "pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"pos_conv\.0\.weight_v$", "pos_conv_embed.conv.parametrizations.weight.original1"),
    (r"pos_conv\.0\.bias$", "pos_conv_embed.conv.bias"),
    (r"\.self_attn_layer_norm\.", ".layer_norm."),
    (r"\.self_attn\.", ".attention."),
    (r"\.fc1\.", ".feed_forward.intermediate_dense."),
    (r"\.fc2\.", ".feed_forward.output_dense."),
)
_ENCODER = "wav2vec2."


def read_utmos(path: Path) -> StrongLearner:
    """Read `utmos22_strong_step7459_v1.pt`, a bare state dict; sizes are taken from it.

    Returns:
        the network, ready for inference.

    Raises:
        UserError: the file is damaged, holds more than tensors, or is another model's.
    """
    official = read_torch_file(path, mapped=True)
    if not isinstance(official, Mapping) or not all(isinstance(value, Tensor) for value in official.values()):
        raise UserError(f"{path} is no checkpoint of UTMOS: it is not a list of named tensors")
    state = {_new_name(name): tensor.float() for name, tensor in official.items()}
    state.pop(f"{_ENCODER}mask_emb", None)  # for training only
    try:
        network = _empty_network(state)
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        raise UserError(f"{path} is no checkpoint of UTMOS: sizes cannot be told from it") from error
    check_tensors(state, network.state_dict(), f"{path} is no checkpoint of UTMOS")
    network.load_state_dict(state, assign=True)
    return network.requires_grad_(False).eval()


def _new_name(name: str) -> str:
    encoder, prefix, part = name.rpartition(_ENCODER)
    if not prefix:
        return name
    for old, new in _RENAMED:
        part = re.sub(old, new, part)
    return encoder + prefix + part


def _empty_network(state: Mapping[str, Tensor]) -> StrongLearner:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    front = [state[f"{_ENCODER}feature_extractor.conv_layers.{index}.conv.weight"] for index in range(7)]
    positions = state[f"{_ENCODER}encoder.pos_conv_embed.conv.parametrizations.weight.original1"]
    width = len(positions)
    config = Wav2Vec2Config(
        conv_dim=[len(weight) for weight in front],
        conv_kernel=[weight.shape[-1] for weight in front],
        conv_stride=list(STRIDES),
        hidden_size=width,
        num_hidden_layers=sum(name.endswith(".attention.q_proj.weight") for name in state),
        num_attention_heads=width // HEAD_WIDTH,
        intermediate_size=len(state[f"{_ENCODER}encoder.layers.0.feed_forward.intermediate_dense.weight"]),
        num_conv_pos_embeddings=positions.shape[-1],
        num_conv_pos_embedding_groups=width // positions.shape[1],
        mask_time_prob=0.0,  # else there would be a vector for training
        mask_feature_prob=0.0,
    )
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        return StrongLearner(
            Wav2Vec2Model(config),
            embedding=state["domain_emb"].shape[1],
            hidden=state["blstm.weight_hh_l0"].shape[1],
            projection=len(state["projection.0.weight"]),
        )
