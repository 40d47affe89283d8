"""Bidirectional LSTM over four neighbours, for inference in float32 on CPUs.

An LSTM that sees four neighbouring steps at once convolves its input with four taps, and so does what
spreads its states back over the steps. Both are calculated in tiles of three steps by Toom and Cook's
method, known from Winograd's convolutions: the six neighbours that three steps see are combined to six
values, each is multiplied once, and the six products are combined to the three results, which would take
twelve products. The numbers are the same but for rounding, of which there is about twice as much.

Shapes: S steps, N sequences, C channels, U units.
"""

from functools import partial

import torch
from torch import Tensor, nn

from espnet_plugin.threads import run_one_thread_each

#: Steps that an LSTM sees at once; results and products of a tile.
TAPS, RESULTS, PRODUCTS = 4, 3, 6


def recur_(x: Tensor, axis: int, norm: nn.LayerNorm, lstm: nn.LSTM, spread: nn.ConvTranspose1d) -> None:
    """Add to a map what an LSTM says about its norm, in place.

    Args:
        x: contiguous, (S, N, C) or (N, S, C).
        axis: which of the first two are the steps.
        norm: over channels.
        lstm: one layer, bidirectional, with 4 C inputs, of which the neighbours are innermost.
        spread: from 2 U to C channels, over 4 steps.
    """
    items = x.shape[1 - axis]
    heard = x.new_empty(x.shape[axis] - TAPS + 1, items, 2 * lstm.hidden_size)
    # Both directions at once; with more threads than two, several share the sequences.
    parts = _parts(items, -(-torch.get_num_threads() // 2))
    ways = [_Way(norm, lstm.all_weights[backward], heard, backward) for backward in range(2)]
    run_one_thread_each(partial(way.listen, _Sequences(x, axis, *part)) for part in parts for way in ways)
    x += spread.bias
    taps = _to_products(spread.weight.flip(2))
    parts = _parts(items, torch.get_num_threads())
    run_one_thread_each(partial(_spread, heard, taps, _Sequences(x, axis, *part)) for part in parts)


def _parts(items: int, number: int) -> list[tuple[int, int]]:
    """First and end of equal parts; fewer where there are not enough items."""
    number = min(number, items)
    return [(items * i // number, items * (i + 1) // number) for i in range(number)]


class _Sequences:
    """Some of the sequences of a map.

    Args:
        x, axis: as in `recur_`.
        first, end: of the sequences.

    Attributes:
        map: arguments by which the kernels find their steps.
        number: of the sequences.
    """

    def __init__(self, x: Tensor, axis: int, first: int, end: int):
        to_step, to_item = x.stride(axis), x.stride(1 - axis)
        self.map = (x.view(-1).numpy()[first * to_item :], x.shape[axis], to_step, to_item)
        self.first, self.end, self.number = first, end, end - first


class _Way:
    """One direction of an LSTM behind its norm.

    Args:
        weights: of the direction.
        heard: (S - 3, N, 2 U), to be filled with the states.
        backward: whether it runs from the last step to the first.
    """

    def __init__(self, norm: nn.LayerNorm, weights: list[Tensor], heard: Tensor, backward: bool):
        of_inputs, of_states, *biases = weights
        self.units = of_states.shape[1]
        # A sigmoid is calculated as a tanh of half its argument.
        scale = of_inputs.new_tensor([0.5, 0.5, 1, 0.5]).repeat_interleave(self.units)
        self.taps = _to_products((of_inputs * scale[:, None]).unflatten(1, (-1, TAPS)).transpose(0, 1))
        self.of_states = (of_states * scale[:, None]).t().contiguous()
        self.bias = sum(biases) * scale
        self.norm = (norm.weight.detach().numpy(), norm.bias.detach().numpy(), norm.eps)
        self.heard, self.backward = heard, backward

    def listen(self, sequences: _Sequences) -> None:
        """Fill in the states of some of the sequences."""
        from espnet_plugin.gap_urgenet.kernels import advance_kernel, normalised_tile_kernel

        items, units = sequences.number, self.units
        heard = self.heard[:, sequences.first : sequences.end]
        column = units if self.backward else 0
        order = slice(None, None, -1 if self.backward else 1)
        tile = heard.new_empty(PRODUCTS, items, self.taps.shape[1])
        products = heard.new_empty(PRODUCTS, items, 4 * units)
        gates, cell = self.bias.repeat(items, 1), heard.new_zeros(items, units)
        before = None
        for start in range(0, len(heard), RESULTS)[order]:
            normalised_tile_kernel(*sequences.map, start, *self.norm, tile.numpy())
            torch.bmm(tile, self.taps, out=products)
            for step in range(start, min(start + RESULTS, len(heard)))[order]:
                if before is not None:
                    torch.addmm(self.bias, before, self.of_states, out=gates)
                states = heard[step]
                advance_kernel(
                    gates.numpy(), products.numpy(), step - start, cell.numpy(), states.numpy(), column
                )
                before = states[:, column : column + units]


def _spread(heard: Tensor, taps: Tensor, sequences: _Sequences) -> None:
    """Add what the states of some of the sequences say to their steps."""
    from espnet_plugin.gap_urgenet.kernels import add_tile_kernel, tile_kernel

    tile = heard.new_empty(PRODUCTS, sequences.number, taps.shape[1])
    products = heard.new_empty(PRODUCTS, sequences.number, taps.shape[2])
    for start in range(0, len(heard) + TAPS - 1, RESULTS):
        tile_kernel(heard.numpy(), start - TAPS + 1, sequences.first, tile.numpy())
        torch.bmm(tile, taps, out=products)
        add_tile_kernel(*sequences.map, start, products.numpy())


def _to_products(taps: Tensor) -> Tensor:
    """Weights (I, O, 4) of a convolution to those (6, I, O) of a tile's products."""
    from espnet_plugin.gap_urgenet.kernels import POINT

    points = torch.tensor([0, 1, -1, POINT, -POINT], dtype=torch.float64)
    powers = points[:, None] ** torch.arange(TAPS)
    distances = (points[:, None] - points).fill_diagonal_(1).prod(1)
    matrix = torch.cat((powers / distances[:, None], torch.eye(TAPS, dtype=torch.float64)[-1:]))
    return torch.einsum("pk,iok->pio", matrix, taps.double()).float().contiguous()
