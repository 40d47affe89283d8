"""Quality checks of speech that comes unchecked: is it speech, and is its background quiet (section B.6)?"""

from __future__ import annotations

import functools
import importlib.util

import numpy as np

from espnet_plugin.audio.resample import resample
from espnet_plugin.errors import UserError, missing_module

SPEECH, BACKGROUND = "speech", "background"
LOWEST_SPEECH_SHARE = 0.2
LOWEST_BACKGROUND_SCORE = 3.0
AGGRESSIVENESS = 2  # of WebRTC's voice activity detection, 0 to 3
FRAME_S = 0.01

#: Rates that WebRTC's detector does not know, and what they are brought to.
DETECTOR_RATES_HZ = {22050: 16000, 24000: 16000, 44100: 48000}


def check_tools(checks: tuple[str, ...]) -> None:
    """Refuse checks whose packages are not installed.

    Raises:
        UserError: names the command that installs the missing one.
    """
    if SPEECH in checks and importlib.util.find_spec("webrtcvad") is None:
        raise UserError(
            "telling speech of DNS5 from the rest needs the package webrtcvad: pip install webrtcvad-wheels; "
            "the challenge's id lists (URGENT26_META in db.sh) make it unnecessary"
        )
    if BACKGROUND in checks:
        for name in ("onnxruntime", "speechmos"):
            if importlib.util.find_spec(name) is None:
                raise missing_module(name, "the quality check of DNS5 speech")


def verdict(wave: np.ndarray, rate_hz: int, checks: tuple[str, ...]) -> str:
    """Why a recording is not good enough.

    Args:
        wave: (samples,) float32.
        rate_hz: one of the challenge's rates.
        checks: ``speech`` (at least a fifth of it is speech) and ``background`` (DNSMOS BAK of 3 or more).

    Returns:
        the reason; empty where all checks are passed.
    """
    if SPEECH in checks and (share := speech_share(wave, rate_hz)) < LOWEST_SPEECH_SHARE:
        return f"only {100 * share:.0f} % of it is speech"
    if BACKGROUND in checks and (score := _background_score(wave, rate_hz)) < LOWEST_BACKGROUND_SCORE:
        return f"background noise (DNSMOS BAK {score:.2f})"
    return ""


def speech_share(wave: np.ndarray, rate_hz: int) -> float:
    """The share of a recording that WebRTC's detector takes for speech, in frames of 10 ms.

    What is left behind the last whole frame is judged with the 10 ms that end with it.
    """
    import webrtcvad

    known_rate_hz = DETECTOR_RATES_HZ.get(rate_hz, rate_hz)
    samples = (resample(wave, rate_hz, known_rate_hz) * 32768).clip(-32768, 32767).astype("<i2")
    size = round(FRAME_S * known_rate_hz)
    detector = webrtcvad.Vad(AGGRESSIVENESS)
    spoken = 0
    for start in range(0, len(samples), size):
        frame = samples[start : start + size]
        heard = frame if len(frame) == size else samples[-size:]
        if len(heard) == size and detector.is_speech(heard.tobytes(), known_rate_hz):
            spoken += len(frame)
    return spoken / max(1, len(samples))


def _background_score(wave: np.ndarray, rate_hz: int) -> float:
    from espnet_plugin.scoring.metric import Item

    metric = _dnsmos()
    names = [column.name for column in metric.columns]
    return metric.score(Item(estimate=wave, rate_hz=rate_hz))[names.index("DNSMOS_BAK")]


@functools.lru_cache(maxsize=1)
def _dnsmos():
    from espnet_plugin.scoring.dnsmos import Dnsmos

    return Dnsmos()
