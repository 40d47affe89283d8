"""Bidirectional LSTM over neighbours, for inference in float32 on CPUs.

Shapes: S steps, N sequences, C channels, K neighbours, U units.
"""

import torch
from torch import Tensor, nn


def run_lstm(x: Tensor, lstm: nn.LSTM, kernel: int) -> Tensor:
    """What an LSTM gives that sees K neighbouring steps at once.

    The input of a step is a view of the map, so that the K copies of it which an LSTM of torch needs are
    never made, and a step's gates stay in the cache from the product to the state.

    Args:
        x: (N, S, C), contiguous.
        lstm: one layer, bidirectional, with K C inputs, of which the neighbours are innermost.
        kernel: K.

    Returns:
        (S - K + 1, N, 2 U).
    """
    items, steps, channels = x.shape
    calls, units = steps - kernel + 1, lstm.hidden_size
    seen = x.as_strided((calls, items, kernel * channels), (channels, steps * channels, 1))
    heard = x.new_empty(calls, items, 2 * units)
    gates = x.new_empty(items, 4 * units)
    for way, (of_inputs, of_states, *biases) in enumerate(lstm.all_weights):
        of_inputs = of_inputs.unflatten(1, (channels, kernel)).transpose(1, 2).flatten(1)
        of_inputs, of_states, bias = (_sigmoids_first(w, units) for w in (of_inputs, of_states, sum(biases)))
        of_inputs, of_states = of_inputs.t().contiguous(), of_states.t().contiguous()
        sigmoids, candidate = gates[:, : 3 * units], gates[:, 3 * units :]
        enter, keep, show = sigmoids.chunk(3, 1)
        cell, state, squashed = (x.new_zeros(items, units) for _ in range(3))
        for call in range(calls) if way == 0 else reversed(range(calls)):
            torch.addmm(bias, seen[call], of_inputs, out=gates)
            gates.addmm_(state, of_states)
            sigmoids.sigmoid_()
            candidate.tanh_()
            cell.mul_(keep).addcmul_(enter, candidate)
            state = heard[call, :, way * units : (way + 1) * units]
            torch.mul(show, torch.tanh(cell, out=squashed), out=state)
    return heard


def _sigmoids_first(weight: Tensor, units: int) -> Tensor:
    """From torch's order of gates, where the one with a tanh is the third, to one where it is the last."""
    enter, keep, candidate, show = weight.split(units)
    return torch.cat((enter, keep, show, candidate))
