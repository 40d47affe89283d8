"""Which 20 ms packets of a recording were lost, that is, are digital silence.

Shapes: B items, N samples at 16 kHz, T packets.
"""

import torch
from torch import Tensor

RATE_HZ = 16000
#: Samples of a packet.
PACKET = 320
#: Samples that resampling from 8 kHz, or from higher rates, makes of an edge.
BLUR = 24
#: Magnitudes below this are digital silence.
SILENCE = 1e-7


def official_lost_packets(wave: Tensor) -> Tensor:
    """The detector of the original: packets of a 16 kHz wave that are silent in 99 of 100 samples.

    It misses losses in recordings of other rates, where resampling has filled the edges of the
    gaps, and losses off the 20 ms grid; and it takes every digital silence for a loss.

    Args:
        wave: (B, N); an incomplete packet at the end is ignored.

    Returns:
        (B, N // 320), True for lost packets.
    """
    packets = wave[:, : wave.shape[-1] // PACKET * PACKET].unflatten(-1, (-1, PACKET))
    return (packets.abs() < SILENCE).float().mean(-1) >= 0.99


def lost_packets(
    wave: Tensor, packets: int | None = None, first: int = 0, shortest_s: float = 0.015, longest_s: float = 0.5
) -> Tensor:
    """Packets that are at least half inside a gap, whatever the rate and wherever the gap begins.

    Gaps that reach an end of the wave, and long ones, are pauses: there is nothing to make up.

    Args:
        wave: (B, N); as resampling blurs their edges, gaps are up to 3 ms shorter than in the recording.
        packets: T, how many packets to judge; by default all whole ones from `first` on.
        first: sample where packet 0 begins; what lies before it and behind the last packet only serves to
            tell gaps from pauses.
        shortest_s: shorter silences are part of the signal.
        longest_s: longer silences are pauses.

    Returns:
        (B, T), True for lost packets.
    """
    samples = wave.shape[-1]
    inside = torch.zeros(len(wave), samples + 1, dtype=torch.int32, device=wave.device)
    for row, silent in enumerate(wave.abs() < SILENCE):
        edges = silent.to(torch.int8).diff().nonzero().squeeze(-1) + 1
        if not len(edges):
            continue
        # Edges alternate: where the wave starts silent, the first one ends that silence.
        starts, ends = edges[int(silent[0]) :][::2], edges[int(silent[0]) :][1::2]
        starts = starts[: len(ends)]
        gap = (ends - starts >= shortest_s * RATE_HZ) & (ends - starts <= longest_s * RATE_HZ)
        gap &= (starts >= BLUR) & (ends <= samples - BLUR)
        inside[row, starts[gap]] += 1
        inside[row, ends[gap]] -= 1
    # Twice summed: first whether a sample is in a gap, then how many such samples lie before it.
    before = torch.nn.functional.pad(inside[:, :-1].cumsum(-1).cumsum(-1), (1, 0))
    packets = (samples - first) // PACKET if packets is None else packets
    bounds = first + torch.arange(packets + 1, device=wave.device) * PACKET
    at_bounds = before[:, bounds.clamp(0, samples)]
    return at_bounds.diff() * 2 >= bounds.diff()
