"""The part of a room impulse response that the clean target keeps."""

import numpy as np

ONSET_SHARE = 0.1
EARLY_S = 0.05


def early_response(response: np.ndarray, rate_hz: int) -> np.ndarray:
    """Keep 50 ms from the onset: the first sample, at or before the peak, above 10 % of the peak.

    What lies before the onset stays, so the delay of the direct path does, too.

    Args:
        response: room impulse response (1 or more,).
        rate_hz: its sampling rate.

    Returns:
        the response up to the end of its early part, (at most as many samples,); all later ones are zero.
    """
    level = np.abs(response)
    peak = int(level.argmax())
    onset = int((level[: peak + 1] > ONSET_SHARE * level[peak]).argmax())
    return response[: onset + int(EARLY_S * rate_hz)]
