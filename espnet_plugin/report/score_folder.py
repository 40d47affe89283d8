"""The scores of each file, read back from the folder that `urgent26 score` wrote."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.registry import METRICS
from espnet_plugin.scoring.scores import Scores


def read_scores(folder: str | Path) -> Scores:
    """Read `<COLUMN>.scp` (lines `id value`) and, where it is there, `scores.json`.

    Lists that another tool wrote are enough. Columns that this package does not know are plain numbers whose
    direction `scores.json` tells; without it higher is taken for better.

    Args:
        folder: holds the lists.

    Returns:
        the scores, columns in the order of our tables, unknown ones behind by name; the files without any
        score in `errors`.

    Raises:
        UserError: no such folder, no list in it, or a list of another form.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"the folder of scores {folder} does not exist; make it with urgent26 score")
    lists = {path.stem: path for path in sorted(folder.glob("*.scp"))}
    if not lists:
        raise UserError(f"{folder} holds no <METRIC>.scp; give the --output_dir of urgent26 score")
    document = _read_document(folder / "scores.json")
    known = _known_columns()
    scores = Scores(errors=document.get("errors", {}))
    for name in sorted(
        lists, key=lambda name: (list(known).index(name) if name in known else len(known), name)
    ):
        told = document.get("metrics", {}).get(name, {})
        column = known.get(name) or Column(name, told.get("better", "higher"), told.get("unit", ""))
        scores.columns.append(column)
        scores.values[name] = _read_values(lists[name])
    for position, column in enumerate(scores.columns):
        # Lists of another tool may come without the weights of means.
        if (
            column.weight
            and not scores.values[column.name].keys() <= scores.values.get(column.weight, {}).keys()
        ):
            scores.columns[position] = dataclasses.replace(column, weight="")
    return scores


def _read_values(path: Path) -> dict[str, float]:
    values: dict[str, float] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            identifier, value = line.rsplit(None, 1)
            values[identifier] = float(value)
        except ValueError:
            raise UserError(f"{path}, line {number}: expected 'id value', found '{line.strip()}'") from None
    return values


def _read_document(path: Path) -> dict:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(document["metrics"], dict) and isinstance(document.get("errors", {}), dict)
        return document
    except (ValueError, KeyError, TypeError, AssertionError):
        raise UserError(f"{path} is not a scores.json as urgent26 score writes it; score again") from None


def _known_columns() -> dict[str, Column]:
    found = {}
    for module, class_name in METRICS.values():
        for column in getattr(importlib.import_module(module), class_name).columns:
            found[column.name] = column
    return found
