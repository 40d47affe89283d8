"""Noises or rooms to draw from: of the speech's rate or above, unused ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


class SourcePool:
    """Files by rate, each drawn once before any is drawn again.

    The official simulation copies all ids into an array for each draw. NumPy draws one bounded whole number
    there, so drawing that number alone gives the same file.

    Args:
        uids_by_rate: rate in Hz -> ids; rates and ids in the order of the lists.
        reuse: draw from the used files when the unused ones are gone.
    """

    def __init__(self, uids_by_rate: Mapping[int, Sequence[str]], reuse: bool):
        self._unused = {rate_hz: list(uids) for rate_hz, uids in uids_by_rate.items()}
        self._used: dict[int, list[str]] = {rate_hz: [] for rate_hz in uids_by_rate}
        self._reuse = reuse

    def draw(self, random: np.random.RandomState, rate_hz: int) -> str | None:
        """Draw a file; one of a lower rate is never drawn.

        Args:
            random: gives one number, and those of a shuffle where there is none of the same rate.
            rate_hz: of the speech.

        Returns:
            its id, or None where no file is left.
        """
        found_hz = _rate_to_draw(self._unused, random, rate_hz)
        if found_hz is not None:
            uids = self._unused[found_hz]
            # Moving the rest up takes some 10 us for 100,000 ids.
            uid = uids.pop(random.randint(len(uids)))
            self._used[found_hz].append(uid)
            return uid
        found_hz = _rate_to_draw(self._used, random, rate_hz) if self._reuse else None
        if found_hz is None:
            return None
        uids = self._used[found_hz]
        return uids[random.randint(len(uids))]


def _rate_to_draw(
    uids_by_rate: dict[int, list[str]], random: np.random.RandomState, rate_hz: int
) -> int | None:
    """The same rate if there is a file of it, else one of the higher ones, at random; None: no file."""
    if uids_by_rate.get(rate_hz):
        return rate_hz
    rates_hz = list(uids_by_rate)  # the lower and the empty ones as well, which costs the same numbers
    random.shuffle(rates_hz)
    return next((rate for rate in rates_hz if rate > rate_hz and uids_by_rate[rate]), None)
