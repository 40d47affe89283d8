"""A model for the worker that is there at once, without torch, and does what its level asks for."""

import os
import time
from dataclasses import dataclass

from espnet_plugin.errors import UserError


class Quick:
    """Halves a recording ("keep"), dies on it ("match"), or never comes to an end ("peak")."""

    device, rate_hz, level, highband = "cpu", 16000, "keep", "drop"

    def stream(self, source, scratch, out_rate_hz, before, heard):
        for block in source.again().blocks():
            before.add(block)
        if self.level == "match":
            os._exit(9)
        for start in range(0, source.samples, 4000):
            block = source.read(start, 4000) / 2
            heard(len(block) / source.rate_hz)
            yield block
            while self.level == "peak":
                time.sleep(1)


@dataclass(frozen=True)
class QuickModel:
    """Stands for `espnet_plugin.enhance.workers.Model`."""

    name: str = "semamba_pp"

    def load(self):
        if self.name != "semamba_pp":
            raise UserError(f"{self.name} cannot be read")
        return Quick()


def choose_bad_model():
    return QuickModel("bad.pth")
