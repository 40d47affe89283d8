"""Long recordings in overlapping windows, of which the middle is kept.

    window 0  [--------------)
    window 1         [--------------)
    window 2                [----------)    the last one is shorter or longer
    kept      [----------||-----||------)   with a short crossfade at ||
"""

import numpy as np


def plan_windows(samples: int, window: int, hop: int) -> list[tuple[int, int]]:
    """First and end samples of the windows that cover a recording, as the original GAP-URGENet places them.

    The first window that would pass the end is taken short if it lacks less than half a hop; else
    what is left is given to the window before it, so that none is longer than window + hop / 2.

    Args:
        samples: length of the recording.
        window: length of a window.
        hop: step between windows; at most the window.
    """
    if not 0 < hop <= window:
        raise ValueError(f"the hop ({hop} samples) must be above 0 and at most the window ({window} samples)")
    passing = max(0, -(-(samples - window) // hop))  # the first window that reaches the end
    if passing and 2 * (passing * hop + window - samples) >= hop:
        passing -= 1
    return [(i * hop, i * hop + window) for i in range(passing)] + [(passing * hop, samples)]


class Stitcher:
    """Joins processed windows: a window is heard from half of the overlap to half of the next one.

    Args:
        result: (samples, ...), to be filled; nothing else is kept.
        crossfade: samples at each seam in which the older window fades into the newer.
    """

    def __init__(self, result: np.ndarray, crossfade: int):
        self.result = result
        self.crossfade = crossfade
        self._end = 0  # of the last window

    def add(self, start: int, piece: np.ndarray) -> None:
        """Lay the next window over the end of the one before it.

        Args:
            start: where it begins in the result.
            piece: (samples, ...).
        """
        end = start + len(piece)
        overlap = self._end - start if start else 0
        fading = min(self.crossfade, overlap)
        seam = start + (overlap - fading) // 2
        after = seam + fading
        fade = (np.arange(fading, dtype=np.float32) + 0.5) / max(fading, 1)
        fade = fade.reshape(-1, *[1] * (piece.ndim - 1))
        # old + fade * (new - old) gives back equal values without rounding.
        self.result[seam:after] += fade * (piece[seam - start : after - start] - self.result[seam:after])
        self.result[after:end] = piece[after - start :]
        self._end = end
