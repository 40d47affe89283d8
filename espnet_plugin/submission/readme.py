"""README.yaml of a submission: a form to fill in, and the check of a filled one (urgent26.md A.7)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError

NAME = "README.yaml"

TEMPLATE = """\
# Describes a submission to the URGENT 2026 challenge, track 1. Every key has to stay.
# `urgent26 package` says what is still to be filled in.

team:
team_email:
team_members:  # numbered from 1
    1:
        name:
        affiliation:

# Data: what the system was trained and validated on, such as
#   training_data: pre-simulated sets of the challenge, 700 hours
#   validation_data: as official
training_data:
validation_data:
use_additional_rirs:  # true or false: room impulse responses beyond the official list
additional_rir_info:  # numbered from 1; stays empty without any
    1:
        is_real:  # true or false; real ones have to be on the official list
        source:  # link to the data or to the simulator
        number_of_samples:

# System
system_type:  # such as discriminative, generative
model_architecture:
model_size:  # parameters in million, such as 2.66
domain:  # such as time, time-frequency
loss_funcition:  # the organisers spell it so
data_augmentation:

# Public models that were trained elsewhere, such as WavLM
use_pretrained_models:  # true or false
pretrained_models:  # numbered from 1; stays empty without any
    1:
        name:
        link:
        usage:
"""

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
SIZE = re.compile(r"(\d+(?:\.\d+)?) ?\[?M\]?")
#: No system of the challenge comes near; whoever writes more has counted parameters, not millions.
LARGEST_MODEL_MILLION = 1e5

#: Says what is wrong with a value; None if nothing is.
Check = Callable[[Any], str | None]


def _text(value: Any) -> str | None:
    good = isinstance(value, str) and value.strip()
    return None if good else "has to be text (in quotes if it is a number)"


def _email(value: Any) -> str | None:
    good = isinstance(value, str) and EMAIL.fullmatch(value.strip())
    return None if good else "has to be an address such as team@example.org"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "has to be true or false"


def _count(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return None if good else "has to be a whole number above 0"


def _million(value: Any) -> str | None:
    if isinstance(value, str) and (match := SIZE.fullmatch(value.strip())):
        value = float(match[1])
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value <= 0:
        return "has to be the number of parameters in million, such as 2.66"
    return None if value < LARGEST_MODEL_MILLION else f"is in million; {value} is too much"


SCALARS: Mapping[str, Check] = {
    "team": _text,
    "team_email": _email,
    "training_data": _text,
    "use_additional_rirs": _flag,
    "validation_data": _text,
    "system_type": _text,
    "model_architecture": _text,
    "model_size": _million,
    "domain": _text,
    "loss_funcition": _text,
    "data_augmentation": _text,
    "use_pretrained_models": _flag,
}
NUMBERED: Mapping[str, Mapping[str, Check]] = {
    "team_members": {"name": _text, "affiliation": _text},
    "additional_rir_info": {"is_real": _flag, "source": _text, "number_of_samples": _count},
    "pretrained_models": {"name": _text, "link": _text, "usage": _text},
}
#: list: the flag that says whether it has entries; a list without a flag always has.
FLAG_OF = {"additional_rir_info": "use_additional_rirs", "pretrained_models": "use_pretrained_models"}


def readme_problems(content: bytes) -> list[str]:
    """Check a README.yaml strictly: every key is there, known, unique, and filled in.

    Args:
        content: of the file.

    Returns:
        One line per problem, each with the key it is about; empty if there is none.
    """
    try:
        text = content.decode("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        readme = yaml.safe_load(text)
    except UnicodeDecodeError:
        return ["is no UTF-8 text"]
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no such date
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        return [_one_line(f"is no valid YAML{line} ({getattr(error, 'problem', None) or error}); correct it")]
    if not isinstance(readme, dict):
        return ["holds no keys; `urgent26 package --template` writes a form"]
    problems = [*_twice(root), *_unknown(readme, [*SCALARS, *NUMBERED], ""), *_values(readme)]
    return [_one_line(problem) for problem in problems]


def _values(readme: Mapping[Any, Any]) -> Iterator[str]:
    for key, check in SCALARS.items():
        yield from _value(readme, key, check, key)
    for key, fields in NUMBERED.items():
        if key not in readme:
            yield f"the key '{key}' is missing"
            continue
        wanted = readme.get(FLAG_OF[key]) if key in FLAG_OF else True
        entries = readme[key] or {}
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            yield f"{key}: has to be numbered from 1, each with {', '.join(fields)}"
            continue
        # A form has numbers with nothing behind them, which may stay.
        filled = {
            number: entry
            for number, entry in entries.items()
            if any(value not in (None, "") for value in entry.values())
        }
        if wanted is True and not filled:
            yield f"{key}: nothing is filled in" + (f", but {FLAG_OF[key]} is true" if key in FLAG_OF else "")
        elif wanted is False and filled:
            yield f"{key}: has entries, but {FLAG_OF[key]} is false"
        if list(filled) != list(range(1, len(filled) + 1)):
            yield f"{key}: the numbers have to be 1, 2, ..., not {', '.join(map(str, filled))}"
        for number, entry in filled.items():
            yield from _unknown(entry, fields, f"{key}, {number}: ")
            for field, check in fields.items():
                yield from _value(entry, field, check, f"{key}, {number}, {field}")


def _value(entries: Mapping[Any, Any], key: str, check: Check, place: str) -> Iterator[str]:
    if key not in entries:
        yield f"the key '{place}' is missing"
    elif entries[key] is None or entries[key] == "":
        yield f"{place}: is not filled in"
    elif reason := check(entries[key]):
        yield f"{place}: {reason}"


def _unknown(entries: Mapping[Any, Any], known: list[str] | Mapping[str, Check], place: str) -> Iterator[str]:
    for key in entries:
        try:
            check_keys({key: None}, known, "")
        except UserError as error:
            yield place + str(error).removeprefix(": ")


def _twice(node: yaml.Node, levels: int = 3) -> Iterator[str]:
    """Keys that come twice, of which YAML would silently take the last."""
    if not isinstance(node, yaml.MappingNode) or levels == 0:
        return
    seen = set()
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else None
        if name in seen:
            yield f"line {key.start_mark.line + 1}: the key '{name}' comes twice"
        seen.add(name)
        yield from _twice(value, levels - 1)


def _one_line(problem: str) -> str:
    """Keys may hold anything, line ends and control characters included."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(problem.split()))
