"""Checked values out of a simulation's YAML file."""

from __future__ import annotations

from typing import Any

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError


class ConfigReader:
    """Takes values out of nested dictionaries; errors name the file and the key.

    Args:
        config: the dictionary.
        where: how to call it in errors, such as the file's name.

    Attributes:
        example: a file that shows all keys.
    """

    example = "conf/simulate"

    def __init__(self, config: Any, where: str):
        if not isinstance(config, dict):
            raise UserError(f"{where}: expected keys with values, found {config!r}")
        self.config = config
        self.where = where

    def allow(self, *keys: str) -> None:
        """Refuse all other keys."""
        check_keys(self.config, keys, self.where)

    def inner(self, key: str):
        """A reader of the dictionary under a key."""
        return type(self)(self.value(key), f"{self.where}: {key}")

    def value(self, key: str) -> Any:
        """What stands under a key, unless that is nothing."""
        if self.config.get(key) is None:
            raise UserError(f"{self.where}: the key {key} is missing; see {self.example}")
        return self.config[key]

    def check_number(self, key: str, value: Any, kind: type = float) -> Any:
        """The value, if it is a number (`float`) or a whole one (`int`)."""
        wanted = int if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise UserError(
                f"{self.where}: {key} must be a {'whole ' if kind is int else ''}number, not {value!r}"
            )
        return value

    def whole(self, key: str, lowest: int) -> int:
        """A whole number that is not below `lowest`."""
        value = self.check_number(key, self.value(key), int)
        if value < lowest:
            raise UserError(f"{self.where}: {key} must be at least {lowest}, not {value}")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise UserError(f"{self.where}: {key} must be true or false, not {value!r}")
        return value

    def probability(self, key: str = "probability") -> float:
        """A number from 0 to 1."""
        value = self.check_number(key, self.value(key))
        if not 0 <= value <= 1:
            raise UserError(f"{self.where}: {key} must lie between 0 and 1, not {value}")
        return float(value)

    def span(self, key: str, lowest: float, highest: float, kind: type = float) -> tuple:
        """Two numbers in order, the bounds of a draw."""
        values = self.value(key)
        pair = isinstance(values, list) and len(values) == 2
        bounds = tuple(kind(self.check_number(key, value, kind)) for value in values) if pair else ()
        if not pair or not lowest <= bounds[0] <= bounds[1] <= highest:
            raise UserError(
                f"{self.where}: {key} must be two numbers in order, "
                f"from {lowest} to {highest}, not {values!r}"
            )
        return bounds

    def numbers(self, key: str, kind: type = float, lowest: float | None = None) -> list:
        """A list of at least one number."""
        values = [self.check_number(key, value, kind) for value in self.entries(key)]
        if lowest is not None and min(values) < lowest:
            raise UserError(f"{self.where}: {key} must hold numbers from {lowest}, not {min(values)}")
        return values

    def choices(self, key: str, known: tuple[str, ...]) -> list[str]:
        """A list of at least one of the known words."""
        values = self.entries(key)
        for value in values:
            if value not in known:
                raise UserError(f"{self.where}: {key} has no '{value}'; known: {', '.join(known)}")
        return values

    def entries(self, key: str) -> list:
        """A list of at least one entry."""
        values = self.value(key)
        if not isinstance(values, list) or not values:
            raise UserError(f"{self.where}: {key} must be a list with at least one entry, not {values!r}")
        return values
