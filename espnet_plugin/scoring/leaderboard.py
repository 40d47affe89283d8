"""The published leaderboard of the ICASSP 2026 URGENT challenge, track 1: blind test, objective phase."""

from __future__ import annotations

from dataclasses import dataclass

from espnet_plugin.scoring.ranking import METRICS


@dataclass(frozen=True)
class PublishedSystem:
    """One row.

    Attributes:
        values: metric -> value as printed; CAcc in per cent.
        ranks: metric -> rank among all submissions of the challenge.
        overall: as printed.
    """

    values: dict[str, float]
    ranks: dict[str, int]
    overall: str


# Team, value/rank in the order of METRICS (two lines), overall. No other rows were published.
_ROWS = """
WR                2.87/5  3.49/4  2.48/5  3.52/2  2.71/1  0.87/1  3.46/1
                  0.88/1  0.75/3  0.78/2  0.99/1  0.87/2  69.69/1 2.12
GHW               2.76/11 3.40/7  2.46/6  3.41/3  2.69/2  0.86/2  3.46/1
                  0.87/2  0.72/6  0.77/3  0.99/1  0.86/3  67.66/5 3.85
subatomicseer     2.71/13 3.26/10 2.14/9  3.16/7  2.60/3  0.86/2  3.42/3
                  0.87/2  0.76/2  0.78/2  0.99/1  0.88/1  69.46/2 3.98
baird             2.85/6  3.42/6  2.51/4  3.52/2  2.50/8  0.86/2  3.33/5
                  0.87/2  0.72/6  0.77/3  0.99/1  0.85/4  67.13/7 4.31
RICK2000          2.63/15 3.01/13 2.07/12 2.97/10 2.54/6  0.86/2  3.43/2
                  0.88/1  0.74/4  0.78/2  0.99/1  0.88/1  69.69/1 4.90
Ali-Universal-SE  2.83/8  3.17/11 2.28/7  3.18/6  2.31/10 0.82/5  3.14/9
                  0.87/2  0.75/3  0.78/2  0.99/1  0.88/1  69.35/3 5.06
"""


def _read(team: str, *cells: str) -> tuple[str, PublishedSystem]:
    *pairs, overall = cells
    values, ranks = zip(*(pair.split("/") for pair in pairs))
    return team, PublishedSystem(
        dict(zip(METRICS, map(float, values), strict=True)),
        dict(zip(METRICS, map(int, ranks), strict=True)),
        overall,
    )


_WORDS = iter(_ROWS.split())
#: team -> row, the best first
LEADERBOARD: dict[str, PublishedSystem] = dict(_read(*row) for row in zip(*[_WORDS] * (len(METRICS) + 2)))
