"""An enhancer without a network, and without torch, whose import would take most of a test's time."""

import time


class Halver:
    """Halves the level, and may take its time."""

    def __init__(self, block_s=0.0):
        self.block_s = block_s
        self.calls = 0

    def stream(self, source, scratch, out_rate_hz, before, heard):
        self.calls += 1
        for block in source.again().blocks():
            before.add(block)
        return self._halves(source, heard)

    def _halves(self, source, heard):
        for start in range(0, source.samples, 1000):
            time.sleep(self.block_s)
            yield source.read(start, 1000) / 2
            heard(min(1000, source.samples - start) / source.rate_hz)
