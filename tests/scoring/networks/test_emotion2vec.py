"""emotion2vec against a plain computation from the tensors under their published names."""

import pytest
import torch
from torch.nn import functional

from espnet_plugin.scoring.emotion2vec_checkpoint import read_emotion2vec
from espnet_plugin.scoring.networks.emotion2vec import Emotion2vec, distance_slopes
from tests.scoring.tiny_checkpoints import write_emotion2vec


def plain_features(state, wave):
    """Frame features (T, C) of one wave, head by head, in float64."""
    state = {name: tensor.double() for name, tensor in state.items()}
    audio = "modality_encoders.AUDIO."

    def norm(x, name):
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + 1e-5)
        return scaled * state[f"{name}.weight"] + state[f"{name}.bias"] if name else scaled

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    x = wave.double()[None]
    for i, stride in enumerate((5, 2, 2, 2, 2, 2, 2)):
        name = f"{audio}local_encoder.conv_layers.{i}"
        x = functional.conv1d(x, state[f"{name}.0.weight"], stride=stride)
        x = functional.gelu(norm(x.T, f"{name}.2.1")).T
    x = linear(norm(x.T, f"{audio}project_features.1"), f"{audio}project_features.2")
    position = x
    for i in range(1, 6):
        name = f"{audio}relative_positional_encoder.{i}.0"
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        position = functional.conv1d(
            position.T, weight, bias, padding=9, groups=len(weight) // weight.shape[1]
        ).T
        position = functional.gelu(norm(position, ""))
    x = x + position
    tokens, scale = state[f"{audio}extra_tokens"][0], state[f"{audio}alibi_scale"].flatten()
    x = norm(torch.cat([tokens, x]), f"{audio}context_encoder.norm")
    heads, size = len(scale), x.shape[1] // len(scale)
    for block in [f"{audio}context_encoder.blocks.{i}" for i in range(4)] + ["blocks.0", "blocks.1"]:
        query, key, value = linear(x, f"{block}.attn.qkv").split(x.shape[1], dim=1)
        parts = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            similarity = query[:, part] @ key[:, part].T / size**0.5
            for i in range(len(tokens), len(x)):
                for j in range(len(tokens), len(x)):
                    similarity[i, j] -= max(scale[head], 0) * 2.0 ** (-8 * (head + 1) / heads) * abs(i - j)
            parts.append(similarity.softmax(-1) @ value[:, part])
        x = norm(x + linear(torch.cat(parts, 1), f"{block}.attn.proj"), f"{block}.norm1")
        wide = functional.gelu(linear(x, f"{block}.mlp.fc1"))
        x = norm(x + linear(wide, f"{block}.mlp.fc2"), f"{block}.norm2")
    return x[len(tokens) :]


@pytest.mark.parametrize("samples", [400, 3333, 8000])
def test_features_equal_a_plain_computation(tmp_path, samples):
    state = write_emotion2vec(tmp_path / "emotion2vec_base.pt")
    network, _ = read_emotion2vec(tmp_path / "emotion2vec_base.pt")
    wave = torch.randn(samples, generator=torch.Generator().manual_seed(samples))
    with torch.inference_mode():
        features = network(wave[None])[0]
    expected = plain_features(state, wave)
    assert features.shape == expected.shape == ((samples - 80) // 320, 16)
    torch.testing.assert_close(features.double(), expected, atol=2e-5, rtol=1e-4)


def test_items_of_a_batch_do_not_meet(tmp_path):
    write_emotion2vec(tmp_path / "emotion2vec_base.pt")
    network, _ = read_emotion2vec(tmp_path / "emotion2vec_base.pt")
    waves = torch.randn(2, 4000, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        torch.testing.assert_close(network(waves)[1:], network(waves[1:]), atol=1e-5, rtol=1e-5)


def test_published_size():
    # The published checkpoint's optimiser holds 93,790,988 numbers, 619,776 of them the decoder's.
    with torch.device("meta"):
        weights = sum(tensor.numel() for tensor in Emotion2vec().parameters())
    assert weights == 93_790_988 - 619_776


def test_slopes_of_12_heads():
    lower = [2.0**-step for step in range(1, 9)]
    assert distance_slopes(8) == lower
    assert distance_slopes(12) == pytest.approx([*lower, 2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5])
