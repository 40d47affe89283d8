"""The learned softplus of each frequency (Figure 5 of the paper).

The magnitude decoder ends with y = (1/b + 1e-6) softplus(b x), where each bin has learned its own slope b: a
large b makes a rectifier, which can give silence, a small one a smooth curve that never falls to zero. Shown
are the curves of some bins and the slopes of all. Assumed: the paper's axis is the value before the softplus,
from -2 to 2, which is where the compressed magnitudes of speech with peak 1 lie.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from espnet_plugin.analysis.output import new_figure, save_figure, write_table
from espnet_plugin.errors import UserError

RANGE = (-2.0, 2.0)
CURVES = 9


def softplus_rows(network: nn.Module, rate_hz: int = 16000) -> list[dict[str, Any]]:
    """One row per bin: its frequency, the slope b and its logarithm (which is what is learned), and y(0).

    Args:
        network: a SEMamba++ with mapping.
        rate_hz: its rate.

    Raises:
        UserError: the network has no such softplus.
    """
    softplus = _softplus(network)
    logarithms = softplus.log_slope.detach().double()
    middle = _values(softplus, torch.zeros(1))[0]
    bins = len(logarithms)
    return [
        {
            "bin": number,
            "frequency_hz": number * rate_hz / (2 * (bins - 1)),
            "log_slope": float(logarithms[number]),
            "slope": float(logarithms[number].clamp(max=40.0).exp()),
            "value_at_0": float(middle[number]),
        }
        for number in range(bins)
    ]


def analyse_softplus(network: nn.Module, output_dir: Path, rate_hz: int = 16000) -> list[Path]:
    """Write `softplus.csv` (slopes), `softplus_curves.csv` (x and y of each bin) and `softplus.png`.

    Raises:
        UserError: see `softplus_rows`.
    """
    rows = softplus_rows(network, rate_hz)
    x = torch.linspace(*RANGE, 81)
    y = _values(_softplus(network), x).numpy()
    curves = [
        {"x": float(x[place]), **{f"bin_{number}": float(y[place, number]) for number in range(y.shape[1])}}
        for place in range(len(x))
    ]
    paths = [output_dir / name for name in ("softplus.csv", "softplus_curves.csv", "softplus.png")]
    write_table(paths[0], rows)
    write_table(paths[1], curves)
    _draw(paths[2], rows, x.numpy(), y)
    return paths


def _softplus(network: nn.Module) -> nn.Module:
    softplus = getattr(getattr(network, "magnitude_decoder", None), "softplus", None)
    if softplus is None or not hasattr(softplus, "log_slope"):
        raise UserError("this network has no learnable softplus; analyse a SEMamba++ with output: mapping")
    return softplus


def _values(softplus: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return softplus(x.to(softplus.log_slope)[:, None].expand(-1, len(softplus.log_slope))).cpu()


def _draw(path: Path, rows: list[dict[str, Any]], x: np.ndarray, y: np.ndarray) -> None:
    from matplotlib import colormaps

    figure = new_figure(9.0, 3.6)
    curves, slopes = figure.subplots(1, 2)
    for number in np.linspace(0, len(rows) - 1, CURVES).astype(int):
        label = f"{rows[number]['frequency_hz'] / 1000:.1f} kHz"
        curves.plot(x, y[:, number], color=colormaps["viridis"](number / len(rows)), label=label)
    curves.set(xlabel="before the softplus", ylabel="compressed magnitude", title="learned softplus")
    curves.legend(fontsize=7)
    slopes.semilogy([row["frequency_hz"] / 1000 for row in rows], [row["slope"] for row in rows])
    slopes.set(xlabel="frequency [kHz]", ylabel="slope b", title="slope of each bin")
    for axes in (curves, slopes):
        axes.grid(alpha=0.3)
    save_figure(path, figure)
