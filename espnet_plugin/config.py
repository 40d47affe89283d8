"""YAML configurations that state only their difference from a base."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.errors import UserError

BASE_KEY = "base"


def load_config(path: str | Path) -> dict[str, Any]:
    """Read a YAML configuration together with the bases it builds on.

    A file may name another one under the key ``base`` (relative to its own folder), or a list of
    several. The bases are read first, each over the one before; then dictionaries are merged key by key,
    while lists and scalars replace.

    Args:
        path: the YAML file.

    Returns:
        The merged configuration, without the key ``base``.

    Raises:
        UserError: the file or a base is missing, is no YAML mapping, or a chain of bases is circular.
    """
    return _load(Path(path), chain=())


def deep_merge(base: Mapping[str, Any], difference: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``difference`` over ``base``: dictionaries merge, everything else replaces.

    Neither argument is changed.
    """
    merged = dict(base)
    for key, value in difference.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def check_keys(config: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    """Refuse keys that nobody reads, as they are typing errors.

    Args:
        config: the dictionary to check (one level).
        allowed: the known keys.
        where: how to call the dictionary in the error, such as the file's name.

    Raises:
        UserError: names the unknown key and the nearest known one.
    """
    known = [str(key) for key in allowed]
    for key in config:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
        raise UserError(f"{where}: unknown key '{key}'; {hint}")


def _load(path: Path, chain: tuple[Path, ...]) -> dict[str, Any]:
    resolved = path.resolve()
    if resolved in chain:
        circle = " -> ".join(link.name for link in (*chain, resolved))
        raise UserError(f"{path}: the configurations are based on each other in a circle ({circle})")
    if not path.is_file():
        origin = f", which {chain[-1]} names as its base," if chain else ""
        raise UserError(f"{path}{origin} does not exist; check the name of the configuration")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text file; a YAML configuration was expected") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise UserError(f"{path}: no valid YAML{line} ({problem}); correct the file") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: a YAML mapping (key: value) was expected, found a {type(content).__name__}")
    base = content.pop(BASE_KEY, None)
    bases = [] if base is None else base if isinstance(base, list) else [base]
    merged: dict[str, Any] = {}
    for one in bases:
        if not isinstance(one, str):
            raise UserError(f"{path}: 'base' must be the path of a YAML file, or several, not {base!r}")
        merged = deep_merge(merged, _load(path.parent / one, (*chain, resolved)))
    return deep_merge(merged, content)
