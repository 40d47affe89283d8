"""What the visitor of the page may choose of a model."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from espnet_plugin.commands.model_choice import OPTIONS as MODELS_OF
from espnet_plugin.errors import UserError

if TYPE_CHECKING:
    from espnet_plugin.enhance.enhancer import Enhancer


@dataclass(frozen=True)
class Option:
    """One choice.

    Attributes:
        name: of the attribute of `Enhancer`.
        title: for people.
        choices: value -> words for people.
        value: what the server was started with.
    """

    name: str
    title: str
    choices: dict[str, str]
    value: str


def options_of(model: str, enhancer: Enhancer) -> list[Option]:
    """The choices that a model has.

    Args:
        model: its name for `espnet_plugin.load`.
        enhancer: tells the defaults.
    """
    tables = {
        "branch": (
            "Branch",
            {
                "fused": "both, fused",
                "predictive": "predictive: changes no words, up to 8 kHz",
                "generative": "generative: up to 8 kHz",
            },
        ),
        "level": (
            "Level",
            {"keep": "as the network gives it", "match": "power as before", "peak": "peak as before"},
        ),
        "highband": (
            f"Above {enhancer.rate_hz / 2000:g} kHz",
            {"drop": "nothing", "keep": "as recorded, noise included"},
        ),
    }
    return [
        Option(name, title, choices, getattr(enhancer, name))
        for name, (title, choices) in tables.items()
        if model in MODELS_OF[name]
    ]


def checked_options(options: list[Option], wanted: Mapping[str, str]) -> dict[str, str]:
    """What a visitor wants, if the model has it.

    Raises:
        UserError: an option or a value that it does not have.
    """
    choices = {option.name: option.choices for option in options}
    for name, value in wanted.items():
        if name not in choices:
            raise UserError(f"there is no option '{name}'; there are {', '.join(['name', *choices])}")
        if value not in choices[name]:
            raise UserError(f"{name} cannot be '{value}'; choose {', '.join(choices[name])}")
    return dict(wanted)


def with_options(enhancer: Enhancer, options: Mapping[str, Any]) -> Enhancer:
    """An enhancer with the same network and other options."""
    other = copy.copy(enhancer)
    vars(other).update(options)
    return other
