"""Long recordings in overlapping windows, of which the middle is kept.

    window 0  [--------------)
    window 1         [--------------)
    window 2                [----------)    the last one is shorter or longer
    kept      [----------||-----||------)   with a short crossfade at ||
"""

from collections.abc import Iterable, Iterator

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


def stitch(pieces: Iterable[tuple[int, np.ndarray]], crossfade: int) -> Iterator[np.ndarray]:
    """Join processed windows: each is heard from half of the overlap to half of the next one.

    Args:
        pieces: where a window begins in the result, and the window (samples, ...); in order, without gaps.
        crossfade: samples at each seam in which the older window fades into the newer; less where they
            overlap by less.

    Yields:
        The finished blocks of the result one after the other; no more than two windows are kept.
    """
    older: np.ndarray | None = None  # what is not given out yet of the windows so far
    begin = 0  # of that part
    for start, piece in pieces:
        if older is not None:
            end = begin + len(older)
            overlap = end - start
            seam = max(begin, start + (overlap - min(crossfade, overlap)) // 2)
            fading = min(crossfade, overlap, end - seam)
            after = seam + fading
            fade = (np.arange(fading, dtype=np.float32) + 0.5) / max(fading, 1)
            fade = fade.reshape(-1, *[1] * (piece.ndim - 1))
            leaving = older[seam - begin : after - begin]
            yield older[: seam - begin]
            # old + fade * (new - old) gives back equal values without rounding.
            yield leaving + fade * (piece[seam - start : after - start] - leaving)
            piece = piece[after - start :]
            start = after
        older, begin = piece, start
    if older is not None:
        yield older
