"""Names and sizes in the five official GAP-URGENet files, to and from ours (specification, 2 and 4.1)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_WAVLM = [
    (r"wavlm\.masked_spec_embed", lambda: "mask_emb"),
    (r"wavlm\.(feature_extractor\.conv_layers\.\d+)\.conv\.weight", lambda layer: f"{layer}.0.weight"),
    (r"wavlm\.(feature_extractor\.conv_layers\.\d+)\.layer_norm\.(\w+)", lambda layer, p: f"{layer}.2.1.{p}"),
    (r"wavlm\.feature_projection\.layer_norm\.(\w+)", lambda p: f"layer_norm.{p}"),
    (r"wavlm\.feature_projection\.projection\.(\w+)", lambda p: f"post_extract_proj.{p}"),
    (r"wavlm\.encoder\.pos_conv_embed\.conv\.bias", lambda: "encoder.pos_conv.0.bias"),
    (
        r"wavlm\.encoder\.pos_conv_embed\.conv\.parametrizations\.weight\.original([01])",
        lambda i: f"encoder.pos_conv.0.weight_{'gv'[int(i)]}",
    ),
    (
        r"wavlm\.(encoder\.layers\.\d+)\.attention\.rel_attn_embed\.weight",
        lambda layer: f"{layer}.self_attn.relative_attention_bias.weight",
    ),
    (
        r"wavlm\.(encoder\.layers\.\d+)\.attention\.gru_rel_pos_linear\.(\w+)",
        lambda layer, p: f"{layer}.self_attn.grep_linear.{p}",
    ),
    (
        r"wavlm\.(encoder\.layers\.\d+)\.attention\.gru_rel_pos_const",
        lambda layer: f"{layer}.self_attn.grep_a",
    ),
    (r"wavlm\.(encoder\.layers\.\d+)\.attention\.(\w+\.\w+)", lambda layer, p: f"{layer}.self_attn.{p}"),
    (
        r"wavlm\.(encoder\.layers\.\d+)\.layer_norm\.(\w+)",
        lambda layer, p: f"{layer}.self_attn_layer_norm.{p}",
    ),
    (
        r"wavlm\.(encoder\.layers\.\d+)\.feed_forward\.(intermediate|output)_dense\.(\w+)",
        lambda layer, which, p: f"{layer}.{'fc1' if which == 'intermediate' else 'fc2'}.{p}",
    ),
    (r"wavlm\.(encoder\.layers\.\d+\.final_layer_norm\.\w+)", lambda name: name),
    (r"wavlm\.(encoder\.layer_norm\.\w+)", lambda name: name),
]
_CONTEXT = {
    **{f"convolution{i}": f"conv{i}" for i in (1, 2)},
    **{"query": "q", "key": "k", "value": "v", "output": "proj_out"},
}
_CONVNEXT = {"depthwise": "dwconv", "norm": "norm", "widen": "pwconv1", "narrow": "pwconv2"}
_BACKBONE = [
    (r"backbone\.context\.(\d+)\.(\w+)", lambda i, p: f"decoder.pos_net.{i}.{p}"),
    (
        r"backbone\.context\.(\d+)\.(\w+)\.(\w+)",
        lambda i, u, p: f"decoder.pos_net.{i}.{_CONTEXT.get(u, u)}.{p}",
    ),
    (r"backbone\.blocks\.(\d+)\.scale", lambda i: f"decoder.convnext.{i}.gamma"),
    (r"backbone\.blocks\.(\d+)\.(\w+)\.(\w+)", lambda i, u, p: f"decoder.convnext.{i}.{_CONVNEXT[u]}.{p}"),
    (r"backbone\.final_norm\.(\w+)", lambda p: f"decoder.final_layer_norm.{p}"),
    (r"backbone\.(embed|norm)\.(\w+)", lambda u, p: f"decoder.{u}.{p}"),
]
_GRID = [
    (r"net\.enter\.(\w+)", lambda p: f"conv.0.{p}"),
    (r"net\.norm\.(\w+)", lambda p: f"conv.1.{p}"),
    (r"net\.(blocks\..+)", lambda name: name),
    (r"net\.leave\.(\w+)", lambda p: f"deconv.{p}"),
]
_GRID_SIZES = {
    "emb_dim": ("channels", 48),
    "n_layers": ("blocks", None),
    "lstm_hidden_units": ("lstm_units", None),
    "attn_n_head": ("heads", 4),
    "attn_qk_output_channel": ("query_channels", 2),
    "emb_ks": ("kernel", 4),
    "emb_hs": ("hop", 1),
    "eps": ("eps", 1e-5),
}
_SAMPLE_RATE = 16000  # of the predictor, whose window is stated in seconds


@dataclass(frozen=True)
class Part:
    """One of the five networks.

    Attributes:
        file: the official file's stem.
        sizes: official argument -> (ours, official default; None where the file must state it).
        fixed: official argument -> the only value that the network is made for.
        rules: pattern of our tensor's name, and what gives the official one; the first that fits counts.
        ignores_others: whether unknown official arguments are settings of the training.
    """

    file: str
    sizes: Mapping[str, tuple[str, Any]]
    rules: list[tuple[str, Callable[..., str]]]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    ignores_others: bool = False

    def official_name(self, name: str) -> str:
        """The official name of one of our tensors."""
        for pattern, official in self.rules:
            if match := re.fullmatch(pattern, name):
                return official(*match.groups())
        raise KeyError(f"no official name for {name}")

    def options(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of our class from the official ones.

        Raises:
            ValueError: an unknown, missing or unsupported argument.
        """
        unknown = set(arguments) - {*self.sizes, *self.fixed}
        if unknown and not self.ignores_others:
            raise ValueError(f"unknown argument '{min(unknown, key=str)}'")
        for name, only in self.fixed.items():
            if arguments.get(name, only) != only:
                raise ValueError(f"{name} is {arguments[name]!r}, and only {only!r} is supported")
        result = {}
        for name, (ours, default) in self.sizes.items():
            value = arguments.get(name, default)
            if value is None:
                raise ValueError(f"{name} is missing")
            result[ours] = _READ.get(name, _number)(name, value)
        return result

    def arguments(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Official arguments from those of our class; the inverse of `options`."""
        sizes = {name: _WRITE.get(name, lambda x: x)(options[own]) for name, (own, _) in self.sizes.items()}
        return {**self.fixed, **sizes}


def _number(name: str, value: Any) -> int | float:
    whole = name != "eps"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or value <= 0:
        raise ValueError(f"{name} is {value!r}, and a positive number is needed")
    return value


def _read_seconds(name: str, value: Any) -> int:
    if not isinstance(value, float) or not 0 < value < 1:
        raise ValueError(f"{name} is {value!r}, and a window in seconds is needed")
    return round(value * _SAMPLE_RATE)


def _read_convolutions(name: str, value: Any) -> list[list[int]]:
    """The layers that fairseq states as Python, "[(512,10,5)] + [(512,3,2)] * 4"; it is not run."""
    layers = []
    for term in str(value).replace(" ", "").split("+"):
        match = re.fullmatch(r"\[((?:\(\d+,\d+,\d+\),?)+)\](?:\*(\d+))?", term)
        if not match or int(match[2] or 1) > 100:
            raise ValueError(f"{name} is {value!r}, which is no list of convolutions")
        found = re.findall(r"\((\d+),(\d+),(\d+)\)", match[1])
        layers += [[int(number) for number in layer] for layer in found] * int(match[2] or 1)
    return layers


def _write_convolutions(layers) -> str:
    return " + ".join(f"[({','.join(map(str, layer))})]" for layer in layers)


_READ = {"fft_len": _read_seconds, "conv_feature_layers": _read_convolutions}
_WRITE = {"fft_len": lambda window: window / _SAMPLE_RATE, "conv_feature_layers": _write_convolutions}

#: Part of the network -> its official file, in the order of the signal.
PARTS = {
    "encoder": Part(
        "DeWavLM-Omni",
        {
            "encoder_embed_dim": ("channels", None),
            "encoder_layers": ("layers", None),
            "encoder_attention_heads": ("heads", None),
            "encoder_ffn_embed_dim": ("hidden", None),
            "conv_feature_layers": ("convolutions", None),
            "conv_pos": ("position_kernel", None),
            "conv_pos_groups": ("position_groups", None),
            "num_buckets": ("distance_buckets", None),
            "max_distance": ("distance_reach", None),
        },
        _WAVLM,
        {
            "extractor_mode": "layer_norm",
            "conv_bias": False,
            "layer_norm_first": True,
            "activation_fn": "gelu",
            "relative_position_embedding": True,
            "gru_rel_pos": True,
        },
        ignores_others=True,
    ),
    "adapter": Part(
        "Adapter",
        {
            "input_channels": ("in_channels", 1024),
            "dim": ("channels", 1024),
            "intermediate_dim": ("hidden", 4096),
            "num_layers": ("blocks", 12),
            "output_channels": ("out_channels", 1024),
        },
        [
            *_BACKBONE,
            (r"project\.(\w+)", lambda p: f"proj.{p}"),
            (r"head\.(\w+)", lambda p: f"head.{p}"),
        ],
    ),
    "vocoder": Part(
        "Vocoder",
        {
            "input_channels": ("in_channels", 1024),
            "dim": ("channels", 768),
            "intermediate_dim": ("hidden", 2304),
            "num_layers": ("blocks", 12),
            "num_res": ("residual_blocks", 4),
            "num_attn": ("attention_blocks", 1),
            "n_fft": ("transform", 1280),
            "hop_length": ("hop", 320),
        },
        [*_BACKBONE, (r"head\.(\w+)", lambda p: f"head.out.{p}")],
    ),
    "predictor": Part(
        "Predictor",
        {
            "fft_len": ("window", 0.032),
            **_GRID_SIZES,
            "n_layers": ("blocks", 6),
            "lstm_hidden_units": ("lstm_units", 200),
        },
        _GRID,
        {"win_len": 0.032, "hop_len": 0.016, "n_srcs": 1, "n_imics": 1, "activation": "prelu"},
    ),
    "postnet": Part(
        "PostNet",
        {
            "n_imics": ("inputs", 1),
            "n_bands": ("bands", 3),
            **_GRID_SIZES,
            "n_layers": ("blocks", 5),
            "lstm_hidden_units": ("lstm_units", 100),
        },
        _GRID,
        {"n_srcs": 1, "activation": "prelu"},
    ),
}
