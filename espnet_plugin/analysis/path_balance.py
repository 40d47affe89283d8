"""Whether the global or the local path of the frequency module counts more (Figure 4 of the paper).

Shown is the ratio of two gradient norms, that of the global path (GP) over that of the local path (L),
against the SNR of added noise and against the cutoff of a limited bandwidth. Where the paper says too little,
this was assumed:

- Each condition has one degradation alone: noise at one SNR, or one cutoff by resampling (kaiser_best).
- The loss is that of the training between restored and clean spectra, without the terms that need
  discriminators, mel bands or the phase alone: 0.9 MSE of the compressed magnitudes + 0.1 * 2 MSE of the
  compressed complex spectra (specification, section 5).
- The gradient is that with respect to the output of each path ("outputs"), or to the weights of each path
  ("weights"), of which GP has the more, the more bins there are.
- The ratio of a level is the geometric mean over blocks and recordings; the shade is its standard error.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from espnet_plugin.analysis.output import new_figure, save_figure, write_table
from espnet_plugin.analysis.probes import Probes, levels_of
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.bandwidth import resample_detour
from espnet_plugin.simulation.noise import add_noise

SNRS_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
CUTOFFS_HZ = (2000, 3000, 4000, 5000, 6000, 7000)
QUANTITIES = ("outputs", "weights")
SNR, CUTOFF = "snr_db", "cutoff_hz"


def conditions(
    clean: np.ndarray, noise: np.ndarray, position: float, rate_hz: int
) -> Iterable[tuple[str, float, np.ndarray]]:
    """The degraded versions of a clean wave (samples,): kind, value and wave."""
    for snr_db in SNRS_DB:
        yield SNR, snr_db, add_noise(clean, noise, snr_db, position)
    for cutoff_hz in CUTOFFS_HZ:
        yield CUTOFF, float(cutoff_hz), resample_detour(clean, rate_hz, 2 * cutoff_hz, "kaiser_best")


def paths_of(network: nn.Module) -> dict[tuple[int, int], nn.Module]:
    """(block, level) -> frequency module with a `global_path` and a `local_path`.

    Raises:
        UserError: the network has none with both.
    """
    found = {
        key: level.frequency
        for key, level in levels_of(network).items()
        if hasattr(level.frequency, "global_path") and hasattr(level.frequency, "local_path")
    }
    if not found:
        raise UserError("this network has no modules with a global and a local path; use frequency: glp")
    return found


def gradient_norms(
    network: nn.Module, degraded: Sequence[Tensor], clean: Sequence[Tensor], quantity: str = "outputs"
) -> dict[tuple[int, int], tuple[float, float]]:
    """Norms of the gradient of the loss at the global and the local path of each level.

    Args:
        network: a SEMamba++ with such paths.
        degraded, clean: magnitude and phase, (1, F, T) each.
        quantity: one of `QUANTITIES`.

    Returns:
        (block, level) -> norm at the global path, norm at the local path.
    """
    modules = paths_of(network)
    parts = {(*key, path): getattr(module, path) for key, module in modules.items()
             for path in ("global_path", "local_path")}  # fmt: skip
    if quantity == "outputs":
        with torch.enable_grad(), Probes(parts) as probes:
            gradients = probes.gradients(_loss(network(*degraded), clean))
        norms = {key: float(gradient.norm()) for key, gradient in gradients.items()}
    else:
        norms = _weight_norms(network, parts, degraded, clean)
    return {key: (norms[*key, "global_path"], norms[*key, "local_path"]) for key in modules}


def _weight_norms(
    network: nn.Module, parts: Mapping[Any, nn.Module], degraded: Sequence[Tensor], clean: Sequence[Tensor]
) -> dict[Any, float]:
    weights = [(key, weight) for key, part in parts.items() for weight in part.parameters()]
    before = [weight.requires_grad for _, weight in weights]
    try:
        for _, weight in weights:
            weight.requires_grad_(True)
        with torch.enable_grad():
            loss = _loss(network(*degraded), clean)
            gradients = torch.autograd.grad(loss, [weight for _, weight in weights], allow_unused=True)
    finally:
        for (_, weight), needed in zip(weights, before):
            weight.requires_grad_(needed)
    squares = dict.fromkeys(parts, 0.0)
    for (key, _), gradient in zip(weights, gradients):
        squares[key] += 0.0 if gradient is None else float(gradient.square().sum())
    return {key: square**0.5 for key, square in squares.items()}


def _loss(restored: Sequence[Tensor], clean: Sequence[Tensor]) -> Tensor:
    (magnitude, phase), (clean_magnitude, clean_phase) = restored, clean
    difference = torch.polar(magnitude, phase) - torch.polar(clean_magnitude, clean_phase)
    # The mean over real and imaginary parts is half of that over complex values.
    complex_error = torch.view_as_real(difference).square().mean()
    return 0.9 * (magnitude - clean_magnitude).square().mean() + 0.1 * 2 * complex_error


def summarise(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Geometric mean of the ratio for each condition and level, with the factor of its standard error."""
    groups: dict[tuple, list[float]] = {}
    for row in rows:
        if row["ratio"] > 0 and np.isfinite(row["ratio"]):
            groups.setdefault((row["kind"], row["value"], row["level"]), []).append(np.log(row["ratio"]))
    return [
        {
            "kind": kind,
            "value": value,
            "level": level,
            "count": len(logarithms),
            "ratio": float(np.exp(np.mean(logarithms))),
            "error_factor": float(np.exp(np.std(logarithms) / np.sqrt(len(logarithms)))),
        }
        for (kind, value, level), logarithms in groups.items()
    ]


def analyse_paths(
    network: nn.Module,
    spectrum: nn.Module,
    recordings: Iterable[tuple[str, np.ndarray]],
    noises: Any,
    output_dir: Path,
    quantity: str = "outputs",
) -> list[Path]:
    """Write `paths_ratios.csv` (every gradient norm), `paths.csv` (means) and `paths.png` (Figure 4).

    Args:
        network, spectrum: of the model.
        recordings: id and clean wave (samples,).
        noises: gives (noise, position) for an id, such as `material.Noises`.
        output_dir: gets the files.
        quantity: one of `QUANTITIES`.

    Raises:
        UserError: a network without such paths, or no recording.
    """
    paths_of(network)
    device = next(network.parameters()).device

    def features(wave: np.ndarray) -> tuple[Tensor, Tensor]:
        normalised = wave / (np.abs(wave).max() + 1e-9)
        return spectrum.analyse(torch.from_numpy(normalised.astype(np.float32))[None].to(device))

    rows = []
    for name, clean in recordings:
        target = features(clean)
        for kind, value, degraded in conditions(clean, *noises(name), spectrum.rate_hz):
            norms = gradient_norms(network, features(degraded), target, quantity)
            for (block, level), (of_global, of_local) in norms.items():
                ratio = of_global / of_local if of_local else float("nan")
                place = {"recording": name, "kind": kind, "value": value, "block": block, "level": level}
                rows.append({**place, "global_norm": of_global, "local_norm": of_local, "ratio": ratio})
    if not rows:
        raise UserError("there is no recording to analyse; name a file, a folder or a list")
    files = [output_dir / name for name in ("paths_ratios.csv", "paths.csv", "paths.png")]
    summary = summarise(rows)
    write_table(files[0], rows)
    write_table(files[1], summary)
    _draw(files[2], summary)
    return files


def _draw(path: Path, summary: Sequence[Mapping[str, Any]]) -> None:
    figure = new_figure(9.0, 3.6)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, kind, label, unit in (
        (panels[0], SNR, "SNR [dB]", 1.0),
        (panels[1], CUTOFF, "cutoff [kHz]", 1000.0),
    ):
        for level in sorted({row["level"] for row in summary}):
            chosen = [row for row in summary if row["kind"] == kind and row["level"] == level]
            x = np.array([row["value"] / unit for row in chosen])
            ratio = np.array([row["ratio"] for row in chosen])
            error = np.array([row["error_factor"] for row in chosen])
            panel.plot(x, ratio, marker="o", markersize=3, label=f"level {level}")
            panel.fill_between(x, ratio / error, ratio * error, alpha=0.2)
        panel.axhline(1.0, color="0.6", linewidth=0.8)
        panel.set(xlabel=label, yscale="log")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("gradient norm, global / local path")
    panels[0].legend()
    save_figure(path, figure)
