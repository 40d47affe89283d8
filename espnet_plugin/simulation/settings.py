"""What may be drawn: the checked form of a simulation's YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.bandwidth import FILTER_TYPES, HAS_RIPPLE, HAS_STOPBAND
from espnet_plugin.simulation.config_reader import ConfigReader
from espnet_plugin.simulation.resampling import RESAMPLING_METHODS

LOWEST_RATE_HZ = 2000


@dataclass(frozen=True)
class Reverberation:
    """probability: share of the utterances that get a room."""

    probability: float


@dataclass(frozen=True)
class Noise:
    """probability: share of the utterances that get noise; snr_db: the values to choose from."""

    probability: float
    snr_db: tuple[float, ...]


@dataclass(frozen=True)
class Clipping:
    """probability; min_quantile, max_quantile: (lowest, highest) of a uniform draw."""

    probability: float
    min_quantile: tuple[float, float]
    max_quantile: tuple[float, float]


@dataclass(frozen=True)
class LowPass:
    """types and orders to choose from; ripple_db and stopband_db of the types that have them."""

    types: tuple[str, ...]
    orders: tuple[int, ...]
    ripple_db: dict[str, float]
    stopband_db: dict[str, float]


@dataclass(frozen=True)
class Bandwidth:
    """probability; rates_hz and methods of the resampling; low_pass: filter before it, or None."""

    probability: float
    rates_hz: tuple[int, ...]
    methods: tuple[str, ...]
    low_pass: LowPass | None


@dataclass(frozen=True)
class Settings:
    """All of a simulation's YAML file. The degradations come in the order of the attributes.

    Attributes:
        seed: of the draws.
        repetitions: degraded versions of each utterance.
        rate_hz: sampling rate of the simulated files.
    """

    seed: int
    repetitions: int
    rate_hz: int
    reverberation: Reverberation
    noise: Noise
    clipping: Clipping
    bandwidth: Bandwidth


def load_settings(path: str | Path) -> tuple[Settings, dict[str, Any]]:
    """Read and check a simulation's YAML file (see conf/simulate/restoration.yaml for all keys).

    Returns:
        the settings, and the plain configuration with its base merged in, to be kept with the simulated set.

    Raises:
        UserError: an unknown or missing key, or a value out of its range.
    """
    config = load_config(path)
    return _Reader(config, str(path)).settings(), config


class _Reader(ConfigReader):
    example = "conf/simulate/restoration.yaml"

    def settings(self) -> Settings:
        self.allow("seed", "repetitions", "rate_hz", "reverberation", "noise", "clipping", "bandwidth")
        return Settings(
            seed=self.whole("seed", lowest=0),
            repetitions=self.whole("repetitions", lowest=1),
            rate_hz=self.whole("rate_hz", lowest=LOWEST_RATE_HZ),
            reverberation=self.inner("reverberation")._reverberation(),
            noise=self.inner("noise")._noise(),
            clipping=self.inner("clipping")._clipping(),
            bandwidth=self.inner("bandwidth")._bandwidth(),
        )

    def _reverberation(self) -> Reverberation:
        self.allow("probability")
        return Reverberation(self.probability())

    def _noise(self) -> Noise:
        self.allow("probability", "snr_db")
        return Noise(self.probability(), tuple(map(float, self.numbers("snr_db"))))

    def _clipping(self) -> Clipping:
        self.allow("probability", "min_quantile", "max_quantile")
        low, high = (self.span(key, 0, 1) for key in ("min_quantile", "max_quantile"))
        if low[1] > high[0]:
            raise UserError(f"{self.where}: min_quantile reaches above max_quantile; keep them apart")
        return Clipping(self.probability(), low, high)

    def _bandwidth(self) -> Bandwidth:
        self.allow("probability", "rates_hz", "methods", "low_pass")
        return Bandwidth(
            probability=self.probability(),
            rates_hz=tuple(self.numbers("rates_hz", int, lowest=1)),
            methods=tuple(self.choices("methods", RESAMPLING_METHODS)),
            low_pass=None if self.config.get("low_pass") is None else self.inner("low_pass")._low_pass(),
        )

    def _low_pass(self) -> LowPass:
        self.allow("types", "orders", "ripple_db", "stopband_db")
        types = tuple(self.choices("types", FILTER_TYPES))
        return LowPass(
            types=types,
            orders=tuple(self.numbers("orders", int, lowest=1)),
            ripple_db=self.inner("ripple_db")._levels([t for t in types if t in HAS_RIPPLE], HAS_RIPPLE),
            stopband_db=self.inner("stopband_db")._levels(
                [t for t in types if t in HAS_STOPBAND], HAS_STOPBAND
            ),
        )

    def _levels(self, needed: list[str], known: tuple[str, ...]) -> dict[str, float]:
        self.allow(*known)
        levels = {type: self.check_number(type, self.value(type)) for type in needed}
        for type, level in levels.items():
            if level <= 0:
                raise UserError(f"{self.where}: {type} must be above 0 dB, not {level}")
        return levels
