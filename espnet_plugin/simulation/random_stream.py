"""Random numbers that depend on names, not on the order of the work."""

import hashlib

import numpy as np


def random_stream(seed: int, *names: object) -> np.random.Generator:
    """A generator for one purpose.

    Every purpose (an utterance's reverberation, its noise, a room) gets its own stream. So adding an
    utterance, skipping finished ones, or another number of workers leaves all other draws as they were.

    Args:
        seed: of the whole set.
        names: what the numbers are for; anything with a stable `str`, such as utterance id and step.
    """
    text = "\0".join(str(name) for name in (seed, *names))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "little"))
