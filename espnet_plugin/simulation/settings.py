"""What may be drawn: the checked form of a simulation's YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_plugin.config import check_keys, load_config
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.bandwidth import FILTER_TYPES, HAS_RIPPLE, HAS_STOPBAND
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


class _Reader:
    """Takes values out of nested dictionaries; errors name the file and the key."""

    def __init__(self, config: Any, where: str):
        if not isinstance(config, dict):
            raise UserError(f"{where}: expected keys with values, found {config!r}")
        self._config = config
        self._where = where

    def settings(self) -> Settings:
        self._allow("seed", "repetitions", "rate_hz", "reverberation", "noise", "clipping", "bandwidth")
        return Settings(
            seed=self._whole("seed", lowest=0),
            repetitions=self._whole("repetitions", lowest=1),
            rate_hz=self._whole("rate_hz", lowest=LOWEST_RATE_HZ),
            reverberation=self._inner("reverberation")._reverberation(),
            noise=self._inner("noise")._noise(),
            clipping=self._inner("clipping")._clipping(),
            bandwidth=self._inner("bandwidth")._bandwidth(),
        )

    def _reverberation(self) -> Reverberation:
        self._allow("probability")
        return Reverberation(self._probability())

    def _noise(self) -> Noise:
        self._allow("probability", "snr_db")
        return Noise(self._probability(), tuple(map(float, self._numbers("snr_db"))))

    def _clipping(self) -> Clipping:
        self._allow("probability", "min_quantile", "max_quantile")
        low, high = self._range("min_quantile"), self._range("max_quantile")
        if low[1] > high[0]:
            raise UserError(f"{self._where}: min_quantile reaches above max_quantile; keep them apart")
        return Clipping(self._probability(), low, high)

    def _bandwidth(self) -> Bandwidth:
        self._allow("probability", "rates_hz", "methods", "low_pass")
        return Bandwidth(
            probability=self._probability(),
            rates_hz=tuple(self._numbers("rates_hz", int, lowest=1)),
            methods=tuple(self._choices("methods", RESAMPLING_METHODS)),
            low_pass=self._inner("low_pass")._low_pass()
            if self._config.get("low_pass") is not None
            else None,
        )

    def _low_pass(self) -> LowPass:
        self._allow("types", "orders", "ripple_db", "stopband_db")
        types = tuple(self._choices("types", FILTER_TYPES))
        return LowPass(
            types=types,
            orders=tuple(self._numbers("orders", int, lowest=1)),
            ripple_db=self._inner("ripple_db")._levels([t for t in types if t in HAS_RIPPLE], HAS_RIPPLE),
            stopband_db=self._inner("stopband_db")._levels(
                [t for t in types if t in HAS_STOPBAND], HAS_STOPBAND
            ),
        )

    def _levels(self, needed: list[str], known: tuple[str, ...]) -> dict[str, float]:
        self._allow(*known)
        levels = {type: self._number(type, self._value(type)) for type in needed}
        for type, level in levels.items():
            if level <= 0:
                raise UserError(f"{self._where}: {type} must be above 0 dB, not {level}")
        return levels

    def _allow(self, *keys: str) -> None:
        check_keys(self._config, keys, self._where)

    def _inner(self, key: str) -> _Reader:
        return _Reader(self._value(key), f"{self._where}: {key}")

    def _value(self, key: str) -> Any:
        if self._config.get(key) is None:
            raise UserError(f"{self._where}: the key {key} is missing; see conf/simulate/restoration.yaml")
        return self._config[key]

    def _number(self, key: str, value: Any, kind: type = float) -> Any:
        wanted = int if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise UserError(
                f"{self._where}: {key} must be a {'whole ' if kind is int else ''}number, not {value!r}"
            )
        return value

    def _whole(self, key: str, lowest: int) -> int:
        value = self._number(key, self._value(key), int)
        if value < lowest:
            raise UserError(f"{self._where}: {key} must be at least {lowest}, not {value}")
        return value

    def _probability(self) -> float:
        value = self._number("probability", self._value("probability"))
        if not 0 <= value <= 1:
            raise UserError(f"{self._where}: probability must lie between 0 and 1, not {value}")
        return float(value)

    def _range(self, key: str) -> tuple[float, float]:
        values = self._numbers(key)
        if len(values) != 2 or not 0 <= values[0] <= values[1] <= 1:
            raise UserError(f"{self._where}: {key} must be two numbers in order, from 0 to 1, not {values}")
        return float(values[0]), float(values[1])

    def _numbers(self, key: str, kind: type = float, lowest: float | None = None) -> list:
        values = [self._number(key, value, kind) for value in self._list(key)]
        if lowest is not None and min(values) < lowest:
            raise UserError(f"{self._where}: {key} must hold numbers from {lowest}, not {min(values)}")
        return values

    def _choices(self, key: str, known: tuple[str, ...]) -> list[str]:
        values = self._list(key)
        for value in values:
            if value not in known:
                raise UserError(f"{self._where}: {key} has no '{value}'; known: {', '.join(known)}")
        return values

    def _list(self, key: str) -> list:
        values = self._value(key)
        if not isinstance(values, list) or not values:
            raise UserError(f"{self._where}: {key} must be a list with at least one entry, not {values!r}")
        return values
