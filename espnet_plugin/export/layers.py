"""The layers of SEMamba++ as nodes of a graph.

Each function appends what a module computes and returns the name of the result. Maps are (B, C, T, F): items,
channels, frames, bins. Rows are (N, K).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from espnet_plugin.export.graph import Graph
from espnet_plugin.semamba_pp.convolution import ConvolutionUnit
from espnet_plugin.semamba_pp.dense import DenseBlock
from espnet_plugin.semamba_pp.fan import FanLayer, GatedFan
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.tfdp import ChannelFeedForward, Fusion


def convolution(graph: Graph, module: nn.Conv2d | nn.ConvTranspose2d, x: str) -> str:
    """Maps to maps."""
    operator = "ConvTranspose" if isinstance(module, nn.ConvTranspose2d) else "Conv"
    weights = graph.constant(module.weight), graph.constant(module.bias)
    return graph.add(
        *(operator, x, *weights),
        kernel_shape=module.kernel_size,
        strides=module.stride,
        dilations=module.dilation,
        pads=(*module.padding, *module.padding),
        group=module.groups,
    )


def convolution_unit(graph: Graph, module: ConvolutionUnit, x: str) -> str:
    """Maps to maps."""
    x = convolution(graph, module.convolution, x)
    norm = module.norm
    x = graph.add(
        *("InstanceNormalization", x, graph.constant(norm.weight), graph.constant(norm.bias)),
        epsilon=norm.eps,
    )
    return graph.add("PRelu", x, graph.constant(module.activation.weight[:, None, None]))


def dense_block(graph: Graph, module: DenseBlock, x: str) -> str:
    """Maps to maps."""
    maps = [x]
    for layer in module.layers:
        together = graph.add("Concat", *maps, axis=1) if len(maps) > 1 else x
        maps.insert(0, convolution_unit(graph, layer, together))
    return maps[0]


def linear(graph: Graph, x: str, weight: Tensor, bias: Tensor | None = None) -> str:
    """Rows (N, K) to rows, with weights as torch has them."""
    constants = [graph.constant(value) for value in (weight, bias) if value is not None]
    return graph.add("Gemm", x, *constants, transB=1)


def layer_norm(graph: Graph, module: nn.LayerNorm, x: str) -> str:
    """Over the last axis."""
    constants = graph.constant(module.weight), graph.constant(module.bias)
    return graph.add("LayerNormalization", x, *constants, axis=-1, epsilon=module.eps)


def silu(graph: Graph, x: str) -> str:
    """x sigmoid(x)."""
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def softplus(graph: Graph, x: str) -> str:
    """log(1 + exp(x))."""
    return graph.add("Softplus", x)


def gated_fan(graph: Graph, module: GatedFan, x: str, size: int) -> str:
    """Along the last axis, of that size."""
    shape = graph.add("Shape", x)
    x = fan(graph, module.fan2, fan(graph, module.fan1, graph.shaped(x, -1, size)))
    weight, bias = (parameter.chunk(2) for parameter in (module.linear.weight, module.linear.bias))
    value, gate = (linear(graph, x, *half) for half in zip(weight, bias))
    return graph.add("Reshape", graph.add("Mul", value, graph.add("Sigmoid", gate)), shape)


def fan(graph: Graph, module: FanLayer, x: str) -> str:
    """Rows to rows."""
    x = linear(graph, x, *module.weight_and_bias())
    angle, general = graph.split(x, module.periodic.out_features, module.general.out_features)
    parts = graph.add("Cos", angle), graph.add("Sin", angle), graph.add("Gelu", general)
    return graph.add("Concat", *parts, axis=-1)


def frequency_glp(graph: Graph, module: FrequencyGlp, x: str) -> str:
    """Maps to maps, without the residual."""
    bins = module.global_path.fan.linear.in_features // 2
    everywhere = gated_fan(graph, module.global_path.fan, graph.add("Gelu", x), bins)
    nearby = x
    for layer in module.local_path.convolutions:
        nearby = graph.add("Gelu", convolution(graph, layer, nearby))
    nearby = graph.add("Add", nearby, x)
    return convolution(graph, module.merge, graph.add("Concat", everywhere, nearby, axis=1))


def channel_feed_forward(graph: Graph, module: ChannelFeedForward, x: str) -> str:
    """Maps to maps, without the residual."""
    x = layer_norm(graph, module.norm, to_rows_of_channels(graph, graph.add("Gelu", x)))
    return to_maps(graph, gated_fan(graph, module.fan, x, module.norm.normalized_shape[0]))


def fusion(graph: Graph, module: Fusion, fine: str, coarse: str) -> str:
    """Two maps to one."""
    x = convolution(graph, module.convolution, graph.add("Concat", fine, coarse, axis=1))
    return to_maps(graph, layer_norm(graph, module.norm, to_rows_of_channels(graph, graph.add("Gelu", x))))


def to_rows_of_channels(graph: Graph, x: str) -> str:
    """(B, C, T, F) to (B, T, F, C)."""
    return graph.add("Transpose", x, perm=(0, 2, 3, 1))


def to_maps(graph: Graph, x: str) -> str:
    """(B, T, F, C) to (B, C, T, F)."""
    return graph.add("Transpose", x, perm=(0, 3, 1, 2))


def angle(graph: Graph, y: str, x: str) -> str:
    """The four-quadrant arc tangent, which the standard lacks."""
    zero = graph.constant(0.0)
    # Where both are 0 the angle is 0, as in torch; 0 / 0 would be none.
    x_or_1 = graph.add("Where", graph.add("Equal", x, zero), graph.constant(torch.finfo().tiny), x)
    half_turn = graph.add(
        *("Where", graph.add("Less", y, zero), graph.constant(-torch.pi), graph.constant(torch.pi))
    )
    correction = graph.add("Where", graph.add("Less", x, zero), half_turn, zero)
    return graph.add("Add", graph.add("Atan", graph.add("Div", y, x_or_1)), correction)
