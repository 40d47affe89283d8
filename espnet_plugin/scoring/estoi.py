"""ESTOI: extended short-time objective intelligibility (Jensen and Taal 2016), by pystoi."""

from __future__ import annotations

import warnings

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable


class Estoi(Metric):
    """Extended STOI between 0 and 1 at any rate (10 kHz inside).

    pystoi adds random numbers of the size of rounding errors; its seed is 0 for each file, as in the
    challenge's script, so values repeat exactly.
    """

    columns = (Column("ESTOI", decimals=3),)
    packages = {"pystoi": "pystoi"}

    def score(self, item: Item) -> tuple[float, ...]:
        import pystoi

        if not item.reference.any():
            raise Unscorable("the reference is silent")
        state = np.random.get_state()
        np.random.seed(0)
        try:
            with warnings.catch_warnings():
                # The library warns and returns 1e-5 where it has no value.
                warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
                return (float(pystoi.stoi(item.reference, item.estimate, item.rate_hz, extended=True)),)
        except RuntimeWarning as warning:
            raise Unscorable("ESTOI needs at least 0.4 s of speech") from warning
        finally:
            np.random.set_state(state)
