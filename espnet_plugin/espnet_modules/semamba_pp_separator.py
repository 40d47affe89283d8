"""SEMamba++ as an ESPnet separator: wave in, wave out.

Shapes: B items, N samples.
"""

from collections.abc import Sequence

import torch

from espnet_plugin.espnet_modules.wave_separator import WaveSeparator
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum


class SEMambaPPSeparator(WaveSeparator):
    """Adapter around ``SEMambaPP`` for ``encoder: same`` and ``decoder: same``, at 16 kHz or another rate.

    The whole inference of the SEMamba++ specification, section 1: divide by the peak, analyse, restore,
    synthesise, multiply by the peak.

    Args:
        input_dim, num_spk: of ``WaveSeparator``.
        channels, blocks, resolutions, dense_depth, state_size, expansion, convolution_width, rate_hz, wiring,
            scan, block, frequency, frequency_conf, channel_part, paths, scales, output:
            as in ``SEMambaPP``, with the same defaults.
    """

    name = "semamba_pp"

    def __init__(
        self,
        input_dim: int,
        channels: int = 48,
        blocks: int = 4,
        resolutions: int = 3,
        dense_depth: int = 4,
        state_size: int = 16,
        expansion: int = 2,
        convolution_width: int = 4,
        rate_hz: int = 16000,
        wiring: str = "fixed",
        scan: str = "auto",
        block: str = "tfdp",
        frequency: str = "glp",
        frequency_conf: dict | None = None,
        channel_part: bool = True,
        paths: str = "parallel",
        scales: Sequence[str] | None = None,
        output: str = "mapping",
        num_spk: int = 1,
    ) -> None:
        super().__init__(input_dim, num_spk)
        self.rate_hz = rate_hz
        self.spectrum = Spectrum(rate_hz)
        self.network = SEMambaPP(
            channels=channels,
            blocks=blocks,
            resolutions=resolutions,
            dense_depth=dense_depth,
            state_size=state_size,
            expansion=expansion,
            convolution_width=convolution_width,
            rate_hz=rate_hz,
            wiring=wiring,
            scan=scan,
            block=block,
            frequency=frequency,
            frequency_conf=frequency_conf,
            channel_part=channel_part,
            paths=paths,
            scales=scales,
            output=output,
        )

    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Restore waves (B, N) of one length at ``rate_hz``; see ``espnet_plugin.semamba_pp.restoration``."""
        return restore(wave, self.network, self.spectrum)
