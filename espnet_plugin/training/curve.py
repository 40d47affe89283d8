"""History of a training run: a table (CSV) and a picture (PNG)."""

import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet_plugin.errors import missing_module

PHASES = ("train", "valid")

#: What the trainer measures besides the losses, and what nobody plots.
_NOT_A_LOSS = ("time", "total_count", "clip", "loss_scale", "skipped")


def history_rows(statistics: Mapping[int, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, float]]:
    """One row per epoch: ``epoch``, then ``train_NAME`` and ``valid_NAME`` for the loss and its terms.

    Args:
        statistics: epoch -> phase -> name -> value, as the trainer's checkpoint holds it under
            ``reporter`` / ``stats``.
    """
    rows = []
    for epoch in sorted(statistics):
        row: dict[str, float] = {"epoch": epoch}
        for phase in PHASES:
            for name, value in statistics[epoch].get(phase, {}).items():
                if _is_loss(name, value):
                    row[f"{phase}_{name}"] = float(value)
        rows.append(row)
    return rows


def write_history(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write the rows as CSV, columns in the order in which they first appear."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.tmp")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(partial, path)


def plot_curve(rows: Sequence[Mapping[str, float]], path: Path, title: str = "") -> None:
    """Draw the loss and each of its terms over the epochs, training against validation.

    Args:
        rows: as ``history_rows`` returns them.
        path: the PNG.
        title: written above the picture.

    Raises:
        UserError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ModuleNotFoundError as error:
        raise missing_module("matplotlib", "the training curve") from error

    names = list(dict.fromkeys(c.split("_", 1)[1] for row in rows for c in row if c.startswith("train_")))
    columns = min(3, max(1, len(names)))
    lines = max(1, math.ceil(len(names) / columns))
    figure = Figure(figsize=(4.2 * columns, 2.9 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [row["epoch"] for row in rows]
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(lines, columns, place)
        for phase in PHASES:
            axes.plot(epochs, [row.get(f"{phase}_{name}", math.nan) for row in rows], marker=".", label=phase)
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    if names:
        figure.axes[0].legend()
    if title:
        figure.suptitle(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.tmp")
    figure.savefig(partial, format="png", dpi=110)
    os.replace(partial, path)


def _is_loss(name: str, value: Any) -> bool:
    if not isinstance(value, (int, float)) or name in _NOT_A_LOSS:
        return False
    return not name.endswith(("_time", "_GB", "grad_norm")) and not name.startswith("optim")
