"""Corrections of what the official simulation gets wrong; each has a name, none is on by itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.meta import COMMENT

#: name: what it does
FIXES = {
    "reverberation_share": "prob_reverberation is the share of reverberant files, not of dry ones",
    "wind_level": "noisy files with wind carry the speech at the level of the clean ones, not at about half",
    "wind_clipping": "wind clips only the files that the table says, not all of them",
}

_TITLE = f"{COMMENT}fixes:"


def check_fixes(names: Iterable[str]) -> frozenset[str]:
    """The names as a set.

    Raises:
        UserError: an unknown name.
    """
    names = frozenset(names)
    for name in sorted(names - set(FIXES)):
        raise UserError(f"there is no fix '{name}'; known: {', '.join(FIXES)}")
    return names


def fixes_header(names: Iterable[str]) -> str:
    """The first line of a table that was drawn with fixes; empty without any."""
    names = check_fixes(names)
    return " ".join([_TITLE, *(name for name in FIXES if name in names)]) if names else ""


def read_fixes(meta: str | Path) -> frozenset[str]:
    """The fixes that a table asks for.

    Raises:
        UserError: the table cannot be read, or asks for an unknown one.
    """
    try:
        with Path(meta).open(encoding="utf-8") as file:
            line = file.readline()
    except OSError:
        raise UserError(f"{meta} cannot be read; make it with: urgent26 simulate draw") from None
    return check_fixes(line[len(_TITLE) :].split()) if line.startswith(_TITLE) else frozenset()
