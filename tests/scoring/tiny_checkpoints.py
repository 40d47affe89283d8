"""Checkpoints of the published layouts, with random weights and few channels."""

import json
from pathlib import Path

import torch

#: Convolutions as published, but narrow.
SPEECH_CONFIG = {
    "hidden_size": 16,
    "num_hidden_layers": 10,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": [8] * 7,
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "apply_spec_augment": True,
    "mask_time_prob": 0.05,
}
VOCABULARY = ["<pad>", "<s>", "</s>", "<unk>", "n", "s", "t", "ə", "aɪ", "tʃ", "oː", "y5", "iɛ", "ɡ"]


def write_hubert(folder: Path, seed: int = 0) -> None:
    """A folder as that of mHuBERT-147: old names of the normalised weight, a vector for training."""
    from safetensors.torch import save_file
    from transformers import HubertConfig, HubertModel

    config = HubertConfig(**SPEECH_CONFIG, feat_extract_norm="group", architectures=["HubertModel"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = HubertModel(config)
        _spread(network, bias=0.1)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_old_names(network), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config.to_dict()))


def write_phoneme_recogniser(folder: Path, seed: int = 4, blank_bias: float = 0.0) -> None:
    """A folder as that of wav2vec2-lv-60-espeak-cv-ft."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(
        **SPEECH_CONFIG,
        vocab_size=len(VOCABULARY),
        pad_token_id=0,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        conv_bias=True,
        architectures=["Wav2Vec2ForCTC"],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Wav2Vec2ForCTC(config)
        _spread(network)
        torch.nn.init.normal_(network.lm_head.weight)
    network.lm_head.bias.data[0] = blank_bias
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(_old_names(network), folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    numbers = {symbol: number for number, symbol in enumerate(VOCABULARY)}
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    preparation = {
        "do_normalize": True,
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": True,
        "sampling_rate": 16000,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))


def emotion2vec_state(
    seed: int = 0, channels=8, width=16, heads=4, hidden=24, extra_tokens=3, groups=4
) -> dict[str, torch.Tensor]:
    """Tensors under the published names of emotion2vec_base: four layers of prenet and two more."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape, scale=None):
        fan_in = torch.Size(shape[1:]).numel()
        return torch.randn(shape, generator=generator) * (scale or fan_in**-0.5)

    def norm(size):
        return 1 + normal(size, scale=0.1), normal(size, scale=0.1)

    state = {}
    audio = "modality_encoders.AUDIO."
    for i, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        name = f"{audio}local_encoder.conv_layers.{i}"
        state[f"{name}.0.weight"] = normal(channels, channels if i else 1, kernel)
        state[f"{name}.2.1.weight"], state[f"{name}.2.1.bias"] = norm(channels)
    name = f"{audio}project_features"
    state[f"{name}.1.weight"], state[f"{name}.1.bias"] = norm(channels)
    state[f"{name}.2.weight"], state[f"{name}.2.bias"] = normal(width, channels), normal(width, scale=0.1)
    for i in range(1, 6):
        name = f"{audio}relative_positional_encoder.{i}.0"
        state[f"{name}.weight"] = normal(width, width // groups, 19)
        state[f"{name}.bias"] = normal(width, scale=0.1)
    state[f"{audio}extra_tokens"] = normal(1, extra_tokens, width, scale=1)
    state[f"{audio}alibi_scale"] = normal(1, 1, heads, 1, 1, scale=1)  # a negative one counts as 0
    name = f"{audio}context_encoder.norm"
    state[f"{name}.weight"], state[f"{name}.bias"] = norm(width)
    for block in [f"{audio}context_encoder.blocks.{i}" for i in range(4)] + ["blocks.0", "blocks.1"]:
        for part, rows, columns in (
            ("attn.qkv", 3 * width, width),
            ("attn.proj", width, width),
            ("mlp.fc1", hidden, width),
            ("mlp.fc2", width, hidden),
        ):
            state[f"{block}.{part}.weight"] = normal(rows, columns)
            state[f"{block}.{part}.bias"] = normal(rows, scale=0.1)
        for part in ("norm1", "norm2"):
            state[f"{block}.{part}.weight"], state[f"{block}.{part}.bias"] = norm(width)
    return state


def write_emotion2vec(path: Path, normalize: bool = True, seed: int = 0) -> dict[str, torch.Tensor]:
    """A checkpoint as fairseq writes it, with what only training needs; returns the tensors."""
    state = emotion2vec_state(seed)
    training = {
        "modality_encoders.AUDIO.decoder.blocks.0.0.weight": torch.zeros(4, 1, 7),
        "modality_encoders.AUDIO.decoder.proj.weight": torch.zeros(16, 4),
    }
    content = {
        "args": None,
        "cfg": {"_name": None, "task": {"_name": "audio_pretraining", "normalize": normalize}, "model": {}},
        "model": state | training,
        "last_optimizer_state": {"state": {0: {"step": 7, "exp_avg": torch.zeros(3, dtype=torch.float64)}}},
        "optimizer_history": [{"num_updates": 7}],
        "extra_state": {"epoch": 1},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return state


class _Command:
    """Unpickled, it would run."""

    def __reduce__(self):
        return print, ("code from a checkpoint was run",)


def write_unsafe(path: Path) -> None:
    """A torch file that runs a function when it is unpickled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": _Command()}, path)


def _spread(network, bias: float = 0.0) -> None:
    # The usual first values are so small that all frames look alike.
    for name, tensor in network.named_parameters():
        if bias and name.endswith(".bias"):
            torch.nn.init.normal_(tensor, std=bias)
        elif tensor.ndim > 1 and "original0" not in name:
            torch.nn.init.normal_(tensor, std=1.5 * tensor[0].numel() ** -0.5)


def _old_names(network) -> dict[str, torch.Tensor]:
    return {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor.clone()
        for name, tensor in network.state_dict().items()
    }
