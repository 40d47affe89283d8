"""Which time-frequency cells each resolution lives from (Table 5 and Figure 3 of the paper).

Where the paper says too little, this was assumed:

- The gradient is that of the sum of the restored compressed magnitudes (no reference is needed) with respect
  to the map of each level behind its frequency module, before the levels are merged.
- The influence of a cell is the Euclidean norm of the gradient over the channels. Maps of coarser levels
  are brought to the bins of the finest one by repetition.
- Influential are the tenth of the cells of a recording with the largest influence.
- Two levels are compared by the intersection over union (IoU) of their influential cells, each level also
  with the loudest tenth of the restored cells. Independent choices of a share s have an IoU of s / (2 - s).
- The Wilcoxon signed-rank test is two-sided, over recordings: IoU of two levels against that of chance; and,
  for the loudest cells, one level against the other.
- Maps of all blocks together are sums over the blocks, each divided by its mean.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from espnet_plugin.analysis.output import new_figure, save_figure, write_table
from espnet_plugin.analysis.probes import Probes, levels_of
from espnet_plugin.errors import UserError

SHARE = 0.1
ALL_BLOCKS = "all"


def influence_maps(
    network: nn.Module, magnitude: Tensor, phase: Tensor
) -> tuple[dict[tuple[int, int], np.ndarray], np.ndarray]:
    """The influence of each cell on what is restored.

    Args:
        network: a SEMamba++.
        magnitude, phase: (1, F, T) features of a degraded recording.

    Returns:
        (block, level) -> influence (T', F'), all of the size of the finest level; restored magnitude (F, T).
    """
    modules = {key: level.frequency for key, level in levels_of(network).items()}
    with torch.enable_grad(), Probes(modules) as probes:
        restored, _ = network(magnitude, phase)
        gradients = probes.gradients(restored.sum())
    norms = {key: gradient.norm(dim=1, keepdim=True) for key, gradient in gradients.items()}
    size = next(iter(norms.values())).shape[2:]
    maps = {key: functional.interpolate(norm, size)[0, 0].cpu().numpy() for key, norm in norms.items()}
    return maps, restored.detach()[0].cpu().numpy()


def influential(values: np.ndarray, share: float = SHARE) -> np.ndarray:
    """Mask of the largest values: exactly the given share of them, rounded up."""
    count = int(np.ceil(share * values.size))
    mask = np.zeros(values.size, bool)
    mask[np.argsort(values, axis=None, kind="stable")[values.size - count :]] = True
    return mask.reshape(values.shape)


def intersection_over_union(first: np.ndarray, second: np.ndarray) -> float:
    """IoU of two masks of the same shape; 1 for two empty ones."""
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 1.0


def wilcoxon(differences: Sequence[float]) -> float:
    """p of the two-sided Wilcoxon signed-rank test of differences against 0; NaN where none differs."""
    from scipy.stats import wilcoxon as test

    different = [value for value in differences if value != 0]
    return float(test(different).pvalue) if different else float("nan")


def overlaps(
    maps: Mapping[tuple[int, int], np.ndarray], restored: np.ndarray, share: float = SHARE
) -> list[dict[str, Any]]:
    """IoU of all pairs of levels, and of each level with the loudest cells, for each block and for all.

    Args:
        maps: see `influence_maps`.
        restored: magnitude (F, T).
        share: of the cells that count as influential.
    """
    blocks = sorted({block for block, _ in maps})
    levels = sorted({level for _, level in maps})
    grouped: dict[Any, list[np.ndarray]] = {b: [maps[b, level] for level in levels] for b in blocks}
    grouped[ALL_BLOCKS] = [_all_blocks(maps, level) for level in levels]
    frames, bins = grouped[ALL_BLOCKS][0].shape
    cells = torch.from_numpy(restored.T.copy())[None, None]
    cells = functional.interpolate(cells, (frames, bins), mode="area")[0, 0]
    loudest = influential(cells.numpy(), share)
    rows = []
    for block, values in grouped.items():
        masks = [influential(value, share) for value in values]
        for first, second in itertools.combinations(levels, 2):
            iou = intersection_over_union(masks[first], masks[second])
            rows.append({"block": block, "first": f"level {first}", "second": f"level {second}", "iou": iou})
        for level in levels:
            iou = intersection_over_union(masks[level], loudest)
            rows.append({"block": block, "first": f"level {level}", "second": "loudest", "iou": iou})
    return rows


def _all_blocks(maps: Mapping[tuple[int, int], np.ndarray], level: int) -> np.ndarray:
    """The influence of a level in all blocks together."""
    own = [values for (_, place), values in maps.items() if place == level]
    return sum(values / (values.mean() or 1.0) for values in own)


def summarise(rows: Iterable[Mapping[str, Any]], share: float = SHARE) -> list[dict[str, Any]]:
    """Means over recordings and tests: Table 5.

    Args:
        rows: of `overlaps`, each with the `recording`.
        share: as for `overlaps`.
    """
    chance = share / (2 - share)
    series: dict[tuple, dict[str, float]] = {}
    for row in rows:
        key = (row["block"], row["first"], row["second"])
        series.setdefault(key, {})[row["recording"]] = row["iou"]
    table = []

    def add(block: Any, first: str, second: str, values: list[float], against: str, p: float) -> None:
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        counts = {"recordings": len(values), "mean": float(np.mean(values)), "deviation": deviation}
        names = {"block": block, "first": first, "second": second}
        table.append({**names, **counts, "tested_against": against, "wilcoxon_p": p})

    for (block, first, second), found in series.items():
        values = list(found.values())
        if second == "loudest":
            continue
        p = wilcoxon([value - chance for value in values])
        add(block, first, second, values, f"chance ({chance:.4f})", p)
    with_loudest = {key: found for key, found in series.items() if key[2] == "loudest"}
    for key, found in with_loudest.items():
        others = [other for other in with_loudest if other[0] == key[0] and other[1] > key[1]]
        if not others:
            add(*key, list(found.values()), "", float("nan"))
        for other in others:
            p = wilcoxon([found[name] - with_loudest[other][name] for name in found])
            add(*key, list(found.values()), f"{other[1]} with the loudest", p)
    return table


def analyse_influence(
    network: nn.Module,
    spectrum: nn.Module,
    recordings: Iterable[tuple[str, np.ndarray]],
    output_dir: Path,
    share: float = SHARE,
) -> list[Path]:
    """Write `gradients_iou.csv` (per recording), `gradients_table.csv` (Table 5), `gradients.png` (Figure 3).

    Args:
        network, spectrum: of the model.
        recordings: id and degraded wave (samples,), divided by its peak.
        output_dir: gets the files. The picture shows the first recording.
        share: of the cells that count as influential.

    Raises:
        UserError: a network with fewer than two resolutions, or no recording.
    """
    if len({level for _, level in levels_of(network)}) < 2:
        raise UserError("this network has one resolution only; there is nothing to compare")
    paths = [output_dir / name for name in ("gradients_iou.csv", "gradients_table.csv", "gradients.png")]
    device = next(network.parameters()).device
    rows = []
    for name, wave in recordings:
        features = spectrum.analyse(torch.from_numpy(wave)[None].to(device))
        maps, restored = influence_maps(network, *features)
        if not rows:
            _draw(paths[2], maps, restored, spectrum, name, share)
        rows += [{"recording": name, **row} for row in overlaps(maps, restored, share)]
    if not rows:
        raise UserError("there is no recording to analyse; name a file, a folder or a list")
    write_table(paths[0], rows)
    write_table(paths[1], summarise(rows, share))
    return paths


def _draw(
    path: Path,
    maps: Mapping[tuple[int, int], np.ndarray],
    restored: np.ndarray,
    spectrum: nn.Module,
    name: str,
    share: float,
) -> None:
    """Restored magnitude, and per level the influence of all blocks with the influential cells outlined."""
    levels = sorted({level for _, level in maps})
    figure = new_figure(3.6 * (len(levels) + 1), 3.6)
    panels = figure.subplots(1, len(levels) + 1, sharey=True)
    hop_s = spectrum.hop / spectrum.rate_hz
    extent = (0, restored.shape[1] * hop_s, 0, spectrum.rate_hz / 2000)
    place = {"origin": "lower", "aspect": "auto", "extent": extent}
    panels[0].imshow(restored, cmap="magma", **place)
    panels[0].set(title="restored magnitude", xlabel="time [s]", ylabel="frequency [kHz]")
    for level, panel in zip(levels, panels[1:]):
        influence = _all_blocks(maps, level).T
        chosen = np.ma.masked_where(~influential(influence, share), np.ones_like(influence))
        panel.imshow(np.log10(influence + 1e-6), cmap="gray", vmin=-2, vmax=1, **place)
        panel.imshow(chosen, cmap="autumn", alpha=0.6, **place)
        panel.set(title=f"level {level}", xlabel="time [s]")
    figure.suptitle(f"most influential {share:.0%} of the cells, {name}", fontsize=10)
    save_figure(path, figure)
