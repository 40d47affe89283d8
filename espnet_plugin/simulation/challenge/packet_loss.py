"""Lost packets, as in a call over a bad network."""

from collections.abc import Iterable

import numpy as np


def lose_packets(wave: np.ndarray, rate_hz: int, packets: Iterable[int], packet_ms: int = 20) -> np.ndarray:
    """Silence packets.

    Args:
        wave: (samples,).
        rate_hz: sampling rate.
        packets: numbers of the lost packets, from 0; those after the end do nothing.
        packet_ms: length of a packet.

    Returns:
        wave (samples,) with zeros in place of the packets.
    """
    wave = wave.copy()
    for packet in packets:
        start, end = (number * packet_ms * rate_hz // 1000 for number in (packet, packet + 1))
        wave[start:end] = 0
    return wave
