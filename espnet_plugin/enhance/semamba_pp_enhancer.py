"""SEMamba++ for whole recordings."""

import torch
from torch import Tensor, nn

from espnet_plugin.enhance.enhancer import Enhancer
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum


class SEMambaPPEnhancer(Enhancer):
    """SEMamba++ for whole recordings; arguments as for `Enhancer`.

    On CPUs `dtype` changes nothing: the network calculates in float32 there, which is the fastest.
    As in the published inference the unit of level is the peak of the whole recording, also in its windows.
    """

    def __init__(self, network: nn.Module, device: str = "auto", dtype: str = "float32", **options):
        spectrum = Spectrum()
        super().__init__(network, spectrum.rate_hz, device, dtype, **options)
        if self.device.type == "cpu":
            self.dtype = torch.float32  # its kernels for CPUs calculate in nothing else, and are faster than halves
        self.spectrum = spectrum.to(self.device)

    def restore(self, wave: Tensor, peak: Tensor) -> tuple[Tensor, int]:
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return restore(wave, self.network, self.spectrum, peak), self.rate_hz
