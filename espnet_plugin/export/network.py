"""SEMamba++ as an ONNX model: compressed magnitude and phase in, both restored out.

Feature maps are (B, C, T, F): items, channels, frames, bins.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx
import torch
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.export import layers
from espnet_plugin.export.graph import Graph
from espnet_plugin.export.time_mamba import time_mamba
from espnet_plugin.semamba_pp.dense import Encoder, MagnitudeDecoder, PhaseDecoder
from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.tfdp import Level, TfdpBlock

INPUTS, OUTPUTS = ("magnitude", "phase"), ("restored_magnitude", "restored_phase")


def build(network: SEMambaPP, properties: Mapping[str, str], half: bool = False) -> onnx.ModelProto:
    """The network between the short-time transform and its inverse.

    Args:
        network: with its weights, on the CPU in float32.
        properties: what the file shall tell about the model.
        half: store the weights in float16; the model calculates in float32 all the same.

    Returns:
        A model from `INPUTS` to `OUTPUTS`, all (B, F, T) in float32; B and T may vary from call to call.

    Raises:
        UserError: one of the variants for comparisons, for which there are no ONNX nodes here.
    """
    refuse_variants(network)
    graph = Graph(half)
    with torch.no_grad():
        # (B, F, T) to (B, 1, T, F)
        maps = [
            graph.add("Transpose", graph.add("Unsqueeze", x, graph.constant([1])), perm=(0, 1, 3, 2))
            for x in INPUTS
        ]
        x = encoder(graph, network.encoder, graph.add("Concat", *maps, axis=1))
        for module in network.blocks:
            x = block(graph, module, x)
        restored = magnitude(graph, network.magnitude_decoder, x), phase(graph, network.phase_decoder, x)
        for value, name in zip(restored, OUTPUTS):
            graph.rename(
                graph.add("Transpose", graph.add("Squeeze", value, graph.constant([1])), perm=(0, 2, 1)), name
            )
    shape = ("batch", network.magnitude_decoder.softplus.log_slope.numel(), "frames")
    return graph.model(dict.fromkeys(INPUTS, shape), dict.fromkeys(OUTPUTS, shape), dict(properties))


def refuse_variants(network: SEMambaPP) -> None:
    """Say which option stands in the way.

    Raises:
        UserError: there is one.
    """
    found = [f"block: {type(x).__name__}" for x in network.blocks if type(x) is not TfdpBlock]
    found += [f"output: {network.output}"] * (network.output != "mapping")
    for module in network.modules():
        if isinstance(module, Level) and type(module.frequency) is not FrequencyGlp:
            found.append(f"frequency: {type(module.frequency).__name__}")
        if isinstance(module, TfdpBlock) and "time" in module.scales:
            found.append("scales: time")
    if found:
        raise UserError(
            f"this variant of SEMamba++ has no ONNX form ({', '.join(dict.fromkeys(found))}); choose another"
        )


def encoder(graph: Graph, module: Encoder, x: str) -> str:
    """(B, 2, T, F) to maps."""
    x = layers.dense_block(graph, module.dense, layers.convolution_unit(graph, module.expand, x))
    return layers.convolution_unit(graph, module.halve, x)


def block(graph: Graph, module: TfdpBlock, x: str) -> str:
    """Maps to maps."""
    maps = [x]
    if module.paths == "sequential":
        maps = [level(graph, module.levels[0], x)]
        for down, coarser in zip(module.down, module.levels[1:]):
            maps.append(level(graph, coarser, step(graph, down, maps[-1])))
    else:
        for down in module.down:
            maps.append(step(graph, down, maps[-1]))
        maps = [time_and_frequency(graph, *pair) for pair in zip(module.levels, maps)]
        # The old wiring gives the third level's part to the second level.
        places = (0, 1, 1) if module.wiring == "old" else range(len(maps))
        for place, part in zip(places, module.levels):
            maps[place] = with_channel_part(graph, part, maps[place])
    x = maps[-1]
    for up, fuse, fine in zip(module.up, module.fuse, reversed(maps[:-1])):
        x = layers.fusion(graph, fuse, fine, step(graph, up, x))
    return graph.add("Add", x, maps[0]) if len(maps) > 1 else x


def level(graph: Graph, module: Level, x: str) -> str:
    """Maps to maps."""
    return with_channel_part(graph, module, time_and_frequency(graph, module, x))


def time_and_frequency(graph: Graph, module: Level, x: str) -> str:
    """Maps to maps."""
    rows = graph.add("Transpose", x, perm=(2, 0, 3, 1))  # (T, B, F, C)
    rows = layers.layer_norm(graph, module.norm, time_mamba(graph, module.time, rows))
    x = graph.add("Transpose", rows, perm=(1, 3, 0, 2))
    return graph.add("Add", layers.frequency_glp(graph, module.frequency, x), x)


def with_channel_part(graph: Graph, module: Level, x: str) -> str:
    """Maps to maps."""
    if module.channel is None:
        return x
    return graph.add("Add", layers.channel_feed_forward(graph, module.channel, x), x)


def step(graph: Graph, module: nn.Module, x: str) -> str:
    """Between the levels of a block."""
    return x if isinstance(module, nn.Identity) else layers.convolution_unit(graph, module, x)


def magnitude(graph: Graph, module: MagnitudeDecoder, x: str) -> str:
    """Maps to (B, 1, T, F)."""
    x = layers.convolution(graph, module.widen, layers.dense_block(graph, module.dense, x))
    x = layers.convolution(graph, module.scale, layers.convolution_unit(graph, module.reduce, x))
    slope = torch.exp(module.softplus.log_slope.double().clamp(max=40.0))
    x = layers.softplus(graph, graph.add("Mul", x, graph.constant(slope)))
    return graph.add("Mul", x, graph.constant(1 / slope + 1e-6))


def phase(graph: Graph, module: PhaseDecoder, x: str) -> str:
    """Maps to (B, 1, T, F)."""
    x = layers.convolution_unit(graph, module.widen, layers.dense_block(graph, module.dense, x))
    return layers.angle(
        graph, *(layers.convolution(graph, part, x) for part in (module.imaginary, module.real))
    )
