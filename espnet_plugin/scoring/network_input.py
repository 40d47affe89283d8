"""What speech networks of metrics are given: the wave at 16 kHz."""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.metric import Unscorable

RATE_HZ = 16000
#: One frame of the convolutions that wav2vec 2.0, HuBERT and data2vec share.
SHORTEST_SAMPLES = 400


def network_input(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    """The wave at 16 kHz as the challenge's scripts resample it.

    soxr is called directly, as these scripts do: `audio.resample` rounds lengths up where soxr rounds to the
    nearest, and one more sample changes what networks say.

    Args:
        wave: float32 of shape (samples,).
        rate_hz: its sampling rate.

    Raises:
        Unscorable: shorter than one frame, 25 ms.
    """
    if rate_hz != RATE_HZ and len(wave):
        import soxr

        wave = soxr.resample(wave, rate_hz, RATE_HZ)
    if len(wave) < SHORTEST_SAMPLES:
        raise Unscorable(f"the file is shorter than {1000 * SHORTEST_SAMPLES // RATE_HZ} ms")
    return wave
