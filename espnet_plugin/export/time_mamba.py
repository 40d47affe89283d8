"""Mamba along the frames as nodes of a graph.

Sequences are (T, S, C) here: frames, one sequence per item and bin, channels. With time as the first axis the
`Scan` of the standard takes its steps from memory as they lie there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from espnet_plugin.export.graph import Graph
from espnet_plugin.export.layers import linear, silu
from espnet_plugin.semamba_pp.time_mamba import MambaMixer, TimeMamba


def time_mamba(graph: Graph, module: TimeMamba, x: str) -> str:
    """Rows of channels to rows of channels.

    What is linear is multiplied beforehand: the weights of the norms with those of the products behind them,
    the last product of each direction with the merge.
    """
    channels = module.merge.out_features
    shape, frames = graph.add("Shape", x), graph.add("Shape", x, end=1)
    layers = module.forward_layer, module.backward_layer
    rows = graph.shaped(x, -1, channels)
    normalised = root_mean_square_norm(graph, rows, module.forward_layer.norm.eps)
    halves = module.merge.weight.double().chunk(2, 1)
    passed = halves[0] + halves[1] + torch.eye(channels)
    result = linear(graph, rows, passed, module.merge.bias)
    for backward, (layer, half) in enumerate(zip(layers, halves)):
        inner = layer.mixer.input.weight * layer.norm.weight
        gated = mixer(graph, layer.mixer, inner, normalised, frames, bool(backward))
        product = half @ layer.mixer.output.weight.double()
        result = graph.add("Gemm", gated, graph.constant(product), result, transB=1)
    return graph.add("Reshape", result, shape)


def root_mean_square_norm(graph: Graph, rows: str, epsilon: float) -> str:
    """Without its weight."""
    power = graph.add("ReduceMean", graph.add("Mul", rows, rows), graph.constant([-1]))
    return graph.add("Div", rows, graph.add("Sqrt", graph.add("Add", power, graph.constant(epsilon))))


def mixer(graph: Graph, module: MambaMixer, inner: Tensor, rows: str, frames: str, backward: bool) -> str:
    """Rows (N, C) to rows (N, D), without the last product.

    Args:
        inner: (2 D, C), weights of the first product.
        frames: T, as a list of one number.
        backward: from the last frame to the first.
    """
    size, states = len(module.direct), module.state_size
    u, gate = (linear(graph, rows, weight) for weight in inner.chunk(2))
    u = silu(graph, causal_convolution(graph, module.convolution, u, frames, backward))
    rank, B, C = graph.split(linear(graph, u, module.parameters_of_input.weight), module.rank, states, states)
    negated_step = negated_softplus(graph, linear(graph, rank, -module.step.weight, -module.step.bias))
    # The state is (S, N, D), so that all its factors have their channels side by side.
    steps = [
        sequences(graph, value, frames, *sizes)
        for value, *sizes in (
            (negated_step, 1, size),
            (graph.add("Mul", negated_step, u), 1, size),
            (B, states, 1),
            (C, 1, states),
        )
    ]
    y = graph.shaped(selective_scan(graph, steps, module.log_decay, backward), -1, size)
    y = graph.add("Sub", graph.add("Mul", u, graph.constant(module.direct)), y)
    return graph.add("Mul", y, silu(graph, gate))


def negated_softplus(graph: Graph, x: str) -> str:
    """-log(1 + exp(-x)); onnxruntime takes several times as long for its Softplus."""
    lowest = graph.constant(-16.0)  # from there on it is x, and the sigmoid 0
    return graph.add("Min", graph.add("Log", graph.add("Sigmoid", graph.add("Max", x, lowest))), x)


def sequences(graph: Graph, rows: str, frames: str, *sizes: int) -> str:
    """Rows (T S, K) to (T, S, ...)."""
    shape = graph.add("Concat", frames, graph.constant((-1, *sizes)), axis=0)
    return graph.add("Reshape", rows, shape)


def causal_convolution(graph: Graph, module: nn.Conv1d, rows: str, frames: str, backward: bool) -> str:
    """Rows (T S, D) to rows; each channel by itself."""
    size, width = module.out_channels, module.kernel_size[0]
    x = sequences(graph, rows, frames, size)
    before, after = (0, width - 1) if backward else (width - 1, 0)
    x = graph.add("Pad", x, graph.constant((before, 0, 0, after, 0, 0)))
    result = graph.constant(module.bias)
    for tap in range(width):
        first = width - 1 - tap if backward else tap
        # A last index of 0 would mean the first frame.
        last = first - width + 1 or torch.iinfo(torch.int64).max
        part = graph.add("Slice", x, *(graph.constant([index]) for index in (first, last, 0)))
        weighted = graph.add("Mul", part, graph.constant(module.weight[:, 0, tap]))
        result = graph.add("Add", weighted, result)
    return graph.shaped(result, -1, size)


def selective_scan(graph: Graph, steps: list[str], log_decay: Tensor, backward: bool) -> str:
    """The recurrence h = exp(delta A) h + B (delta u), y = C h, with both delta u and y negated.

    Args:
        steps: -delta and -delta u (T, S, 1, D), B (T, S, N, 1) and C (T, S, 1, N).
        log_decay: logarithm of -A, (D, N).
        backward: from the last frame to the first.

    Returns:
        -y, (T, S, 1, D).
    """
    size, states = log_decay.shape
    decay = graph.constant(torch.exp(log_decay.T))
    step = Graph(prefix="step_")
    kept = step.add("Mul", "state", step.add("Exp", step.add("Mul", "negated_step", decay)))
    state = step.add("Add", kept, step.add("Mul", "B", "input"))
    outputs = {state: ("S", states, size), step.add("MatMul", "C", state): ("S", 1, size)}
    inputs = {"state": ("S", states, size), "negated_step": ("S", 1, size), "input": ("S", 1, size),
              "B": ("S", states, 1), "C": ("S", 1, states)}  # fmt: skip
    shape = graph.add(
        "Concat", graph.add("Shape", steps[0], start=1, end=2), graph.constant((states, size)), axis=0
    )
    direction = int(backward)
    _, y = graph.add(
        *("Scan", graph.add("ConstantOfShape", shape), *steps),
        outputs=2,
        body=step.body(inputs, outputs),
        num_scan_inputs=len(steps),
        scan_input_directions=[direction] * len(steps),
        scan_output_directions=[direction],
    )
    return y
