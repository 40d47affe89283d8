"""The pool as the official script goes about it, by its specification: an array of all ids for every choice."""

import numpy as np


class PlainPool:
    """What `SourcePool` does, with NumPy's choice from whole lists."""

    def __init__(self, uids_by_rate, reuse):
        self.pools = [{rate_hz: dict.fromkeys(uids) for rate_hz, uids in uids_by_rate.items()}]
        self.pools += [{rate_hz: {} for rate_hz in uids_by_rate}]
        self.reuse = reuse

    def draw(self, random, rate_hz):
        for number, pool in enumerate(self.pools[: 1 + self.reuse]):
            rates_hz = [rate_hz]
            if not pool.get(rate_hz):
                rates_hz = list(pool)
                random.shuffle(rates_hz)
                rates_hz = [higher for higher in rates_hz if higher > rate_hz]
            for found_hz in rates_hz:
                if pool.get(found_hz):
                    uid = str(random.choice(np.array(list(pool[found_hz]))))
                    if number == 0:
                        del pool[found_hz][uid]
                        self.pools[1][found_hz][uid] = None
                    return uid
        return None
