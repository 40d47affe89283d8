"""What a file of a simulated set went through, in one word each."""

from __future__ import annotations

import re

from espnet_plugin.simulation.meta import NONE, Row

NOISE, WIND, REVERBERATION = "noise", "wind_noise", "reverberation"
STEP = re.compile(r"(?:^|/)(?!bandwidth_limitation-none)([a-z_]+)")  # of the lowest rate: nothing happens
CODEC = re.compile(r"codec\(format=(\w+),encoder=(\w+)")


def distortions_of(row: Row) -> list[str]:
    """Noise or wind, reverberation, then the further distortions in their order; codecs by their name."""
    steps = [] if row.augmentation == NONE else STEP.findall(row.augmentation)
    codecs = iter(CODEC.findall(row.augmentation))
    found = [REVERBERATION] if row.rir_uid != NONE else []
    if row.snr_db is not None:
        found.insert(0, WIND if WIND in steps else NOISE)
    for step in steps:
        if step == "codec":
            container, encoder = next(codecs)
            found.append(f"codec_{container if encoder == 'None' else encoder}")
        elif step != WIND:
            found.append(step)
    return found
