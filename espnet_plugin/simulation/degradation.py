"""One utterance's degradation as drawn: which room, noise, level and distortions it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from espnet_plugin.simulation.augmentation import Augmentation
from espnet_plugin.simulation.bandwidth import HAS_RIPPLE, HAS_STOPBAND
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.settings import Bandwidth, Clipping, Settings


@dataclass(frozen=True)
class Degradation:
    """What happens to one utterance, in the order of the attributes.

    Attributes:
        response_uid: room impulse response, or None for the dry room.
        noise_uid: or None.
        snr_db: None without noise.
        augmentations: the distortions after the noise.
    """

    response_uid: str | None
    noise_uid: str | None
    snr_db: float | None
    augmentations: tuple[Augmentation, ...]


def draw_degradation(
    settings: Settings, noises: Sequence[str], responses: Sequence[str], *names: object
) -> Degradation:
    """Draw the degradation of one utterance.

    Each kind has random numbers of its own, which depend on the seed, the names and the kind alone: another
    probability of one kind, and more or fewer other utterances, leave everything else as it was.

    Args:
        settings: seed, probabilities and ranges.
        noises, responses: the ids to choose from; without responses nothing is reverberated.
        names: of the utterance and of its version, such as id and number of the repetition.

    Raises:
        ValueError: noise has to be drawn from an empty list.
    """
    response = None
    random = random_stream(settings.seed, *names, "reverberation")
    if random.random() < settings.reverberation.probability and responses:
        response = responses[random.integers(len(responses))]

    noise, snr_db = None, None
    random = random_stream(settings.seed, *names, "noise")
    if random.random() < settings.noise.probability:
        if not noises:
            raise ValueError("there is no noise to draw from")
        noise = noises[random.integers(len(noises))]
        snr_db = float(random.choice(settings.noise.snr_db))

    augmentations = (
        *_draw_clipping(random_stream(settings.seed, *names, "clipping"), settings.clipping),
        *_draw_bandwidth(
            random_stream(settings.seed, *names, "bandwidth"), settings.bandwidth, settings.rate_hz
        ),
    )
    return Degradation(response, noise, snr_db, augmentations)


def _draw_clipping(random: np.random.Generator, clipping: Clipping) -> list[Augmentation]:
    if random.random() >= clipping.probability:
        return []
    low, high = float(random.uniform(*clipping.min_quantile)), float(random.uniform(*clipping.max_quantile))
    return [Augmentation("clipping", {"min": low, "max": high})]


def _draw_bandwidth(random: np.random.Generator, bandwidth: Bandwidth, rate_hz: int) -> list[Augmentation]:
    rates_hz = [lower for lower in bandwidth.rates_hz if lower < rate_hz]
    if random.random() >= bandwidth.probability or not rates_hz:
        return []
    lower_rate_hz = int(random.choice(rates_hz))
    method = str(random.choice(bandwidth.methods))
    limitation = Augmentation("bandwidth_limitation", {"method": method, "rate_hz": lower_rate_hz})
    if bandwidth.low_pass is None:
        return [limitation]
    type = str(random.choice(bandwidth.low_pass.types))
    parameters = {
        "type": type,
        "order": int(random.choice(bandwidth.low_pass.orders)),
        "cutoff_hz": lower_rate_hz / 2,
    }
    if type in HAS_RIPPLE:
        parameters["ripple_db"] = float(bandwidth.low_pass.ripple_db[type])
    if type in HAS_STOPBAND:
        parameters["stopband_db"] = float(bandwidth.low_pass.stopband_db[type])
    return [Augmentation("lowpass", parameters), limitation]
