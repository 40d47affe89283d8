"""The distortions after the noise: how the parameters of each are drawn, and how the table writes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from espnet_plugin.simulation.resampling import RESAMPLING_METHODS

RATES_HZ = (8000, 16000, 22050, 24000, 32000, 44100, 48000)


@dataclass(frozen=True)
class BandwidthLimitation:
    """A detour over a lower rate."""

    weight: float

    def draw(self, random: np.random.RandomState, rate_hz: int, samples: int) -> str:
        """A resampling method and a lower rate; the lowest rate has none and stays as it is."""
        lower_hz = [lower for lower in RATES_HZ if lower < rate_hz]
        if not lower_hz:
            return f"bandwidth_limitation-none->{rate_hz}"
        method = RESAMPLING_METHODS[random.randint(len(RESAMPLING_METHODS))]
        return f"bandwidth_limitation-{method}->{lower_hz[random.randint(len(lower_hz))]}"


@dataclass(frozen=True)
class Clipping:
    """min_quantile, max_quantile: (lowest, highest) of uniform draws."""

    weight: float
    min_quantile: tuple[float, float]
    max_quantile: tuple[float, float]

    def draw(self, random: np.random.RandomState, rate_hz: int, samples: int) -> str:
        """Two quantiles."""
        low, high = random.uniform(*self.min_quantile), random.uniform(*self.max_quantile)
        return f"clipping(min={low},max={high})"


@dataclass(frozen=True)
class Format:
    """A container, the encoders that may fill it, and (lowest, highest + 1) of the quality."""

    container: str
    encoders: tuple[str | None, ...]
    quality: tuple[int, int]


@dataclass(frozen=True)
class Codec:
    """formats: to choose from."""

    weight: float
    formats: tuple[Format, ...]

    def draw(self, random: np.random.RandomState, rate_hz: int, samples: int) -> str:
        """A format, an encoder and a quality."""
        chosen = self.formats[random.randint(len(self.formats))]
        encoder = chosen.encoders[random.randint(len(chosen.encoders))]
        return f"codec(format={chosen.container},encoder={encoder},qscale={random.randint(*chosen.quality)})"


@dataclass(frozen=True)
class PacketLoss:
    """packet_ms: length of a packet; share: (lowest, highest); longest_run: first length that is too long."""

    weight: float
    packet_ms: int
    share: tuple[float, float]
    longest_run: int

    def draw(self, random: np.random.RandomState, rate_hz: int, samples: int) -> str:
        """The lost packets; runs may overlap, so that fewer are lost than the share says."""
        length_ms = samples / rate_hz * 1000
        lost = round(random.uniform(*self.share) * length_ms / self.packet_ms)
        runs: list[int] = []
        if lost:
            runs.append(random.randint(1, self.longest_run))
            while lost - sum(runs) > self.longest_run:
                runs.append(random.randint(1, self.longest_run))
            runs.append(lost - sum(runs))  # below zero after a run that is too long: no packet
        # NumPy shuffles all packets for a choice without replacement, so nothing is saved by doing it here.
        starts = random.choice(int(length_ms // self.packet_ms), len(runs), replace=False)
        # The table has them in the order of a set.
        lost_packets = {
            packet for start, run in zip(starts.tolist(), runs) for packet in range(start, start + run)
        }
        return f"packet_loss(packet_loss_indices={list(lost_packets)},packet_duration_ms={self.packet_ms})"


Step = BandwidthLimitation | Clipping | Codec | PacketLoss
