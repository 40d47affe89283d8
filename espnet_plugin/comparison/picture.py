"""Quality against cost: one panel per metric, one point per model."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

from espnet_plugin.atomic_write import write_bytes
from espnet_plugin.comparison.system import System
from espnet_plugin.errors import missing_module
from espnet_plugin.scoring import table
from espnet_plugin.scoring.scores import Scores

PANELS_A_LINE = 3


def draw(path: Path, noisy: Scores, systems: Sequence[System]) -> None:
    """Draw a PNG with the real-time factor to the right and each metric upwards, better above.

    Args:
        path: the PNG.
        noisy: scores of the recordings as they are, a dashed line.
        systems: those whose cost is known are drawn, with the confidence intervals of their means.

    Raises:
        UserError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise missing_module(error.name or "matplotlib", "the picture of a comparison") from error

    drawn = [one for one in systems if one.cost]
    factors = [one.cost["real_time_factor"] for one in drawn]
    lines = math.ceil(len(noisy.shown) / PANELS_A_LINE)
    columns = min(PANELS_A_LINE, len(noisy.shown))
    figure = Figure(figsize=(4.2 * columns, 3.2 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    for place, column in enumerate(noisy.shown, 1):
        axes = figure.add_subplot(lines, columns, place)
        axes.axhline(noisy.summary(column).mean, color="0.5", linestyle="--", label="noisy")
        for one, factor in zip(drawn, factors):
            found = one.scores.summary(column)
            margin = 0.0 if math.isnan(found.margin) else found.margin
            axes.errorbar(factor, found.mean, margin, marker="o", capsize=3, linestyle="", label=one.name)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")  # 0.3, not a power of ten
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.set_xlim(min(factors) / 2, max(factors) * 2)  # a single point would have no scale
        if column.better == "lower":
            axes.invert_yaxis()
        axes.set_title(table.heading(column))
        axes.set_xlabel("real-time factor")
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    write_bytes(path, content.getvalue())
