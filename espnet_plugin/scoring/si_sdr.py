"""SI-SDR: scale-invariant signal-to-distortion ratio.

Le Roux, Wisdom, Erdogan, Hershey: "SDR, half-baked or well done?", ICASSP 2019.
"""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable

LIMIT_DB = 100.0


def si_sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    """10 log10(|a r|^2 / |e - a r|^2) with the scale a = <e, r> / <r, r>.

    The mean is not removed: this is the definition of the paper, and torchmetrics' default. Values are
    limited to +-100 dB, which only a copy or an unrelated signal reaches, so that means stay finite.

    Args:
        reference: r, shape (samples,), not all zero.
        estimate: e, the same shape, not all zero.
    """
    reference = reference.astype(np.float64)
    estimate = estimate.astype(np.float64)
    target = (estimate @ reference) / (reference @ reference) * reference
    distortion = estimate - target
    with np.errstate(divide="ignore"):
        ratio_db = 10 * np.log10(target @ target) - 10 * np.log10(distortion @ distortion)
    return float(np.clip(ratio_db, -LIMIT_DB, LIMIT_DB))


class SiSdr(Metric):
    """SI-SDR in dB at the file's own rate."""

    columns = (Column("SI_SDR", unit="dB", title="SI-SDR"),)

    def score(self, item: Item) -> tuple[float, ...]:
        for name, wave in (("reference", item.reference), ("estimate", item.estimate)):
            if not wave.any():
                raise Unscorable(f"the {name} is silent")
        return (si_sdr_db(item.reference, item.estimate),)
