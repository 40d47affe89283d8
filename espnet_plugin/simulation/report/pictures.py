"""Histograms of a simulated set as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from espnet_plugin.analysis.output import new_figure, save_figure
from espnet_plugin.simulation.report.tables import Table


def draw_bars(path: Path, table: Table, label: str, value: str, title: str) -> None:
    """One horizontal bar per row of a table.

    Args:
        path: the PNG.
        label, value: columns of the table.
        title: what is shown.
    """
    figure = new_figure(7, 1.2 + 0.28 * len(table))
    axes = figure.add_subplot()
    bars = axes.barh([row[label] for row in table], [row[value] for row in table])
    axes.bar_label(bars, fmt="{:.4g}", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set(xlabel=value, title=title)
    save_figure(path, figure)


def draw_histograms(path: Path, table: Table, quantities: Sequence[str], unit: str, title: str) -> None:
    """Histograms of some quantities over one axis.

    Args:
        path: the PNG.
        table: as from `tables.distributions`.
        quantities: those of the table that are shown.
        unit: of the axis.
        title: what is shown.
    """
    figure = new_figure(7, 4)
    axes = figure.add_subplot()
    for quantity in quantities:
        bins = [row for row in table if row["quantity"] == quantity]
        if bins:
            edges = [row["from"] for row in bins] + [bins[-1]["below"]]
            axes.stairs([row["files"] for row in bins], edges, fill=True, alpha=0.6, label=quantity)
    axes.set(xlabel=unit, ylabel="files", title=title)
    if len(quantities) > 1:
        axes.legend()
    save_figure(path, figure)
