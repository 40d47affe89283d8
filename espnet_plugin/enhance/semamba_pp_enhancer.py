"""SEMamba++ for whole recordings."""

import torch
from torch import Tensor, nn

from espnet_plugin.enhance.enhancer import Enhancer
from espnet_plugin.semamba_pp.precision import Full, Short, set_precision
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum


class SEMambaPPEnhancer(Enhancer):
    """SEMamba++ for whole recordings; arguments as for `Enhancer`.

    On CPUs the network calculates in float32. There "bfloat16" and "float16" both mean that its kernels round
    more: functions to four digits, the powers in the scan to three, and, where the processor has AVX2, the
    products along the bins and in the channel part to integers of 16 bits. The difference lies 56 dB below the
    result (with random weights), and a tenth of the time is saved. Where the kernels do not work (no numba,
    numbers of channels that they do not take) the two types change nothing.

    As in the published inference the unit of level is the peak of the whole recording, also in its windows.
    """

    def __init__(self, network: nn.Module, device: str = "auto", dtype: str = "float32", **options):
        spectrum = Spectrum(network.rate_hz)
        super().__init__(network, spectrum.rate_hz, device, dtype, **options)
        self.spectrum = spectrum.to(self.device)

    def restore(self, wave: Tensor, peak: Tensor) -> tuple[Tensor, int]:
        halves = self.dtype != torch.float32
        # At every call, for another enhancer may have the same network.
        set_precision(self.network, Short() if halves else Full())
        with torch.autocast(self.device.type, self.dtype, enabled=halves and self.device.type != "cpu"):
            return restore(wave, self.network, self.spectrum, peak), self.rate_hz
