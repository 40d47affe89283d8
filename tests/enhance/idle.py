"""An enhancer that does nothing to a wave, but goes all the way around the network."""

import torch

from espnet_plugin.enhance.enhancer import Enhancer


class Idle(Enhancer):
    """Gives every wave back, times a gain."""

    def __init__(self, rate_hz=16000, gain=1.0, **options):
        super().__init__(torch.nn.Identity(), rate_hz, "cpu", **options)
        self.gain = gain
        self.batches = []

    def restore(self, wave, peak):
        assert wave.abs().amax() <= peak.max() * 1.01
        self.batches.append(tuple(wave.shape))
        return wave * self.gain, self.rate_hz
