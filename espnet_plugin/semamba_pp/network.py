"""SEMamba++ (arXiv 2603.11669): restores the magnitude and phase of degraded speech.

Shapes: B items, F bins, T frames, C channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.activation import kernels_work
from espnet_plugin.semamba_pp.dense import Encoder, MagnitudeDecoder, PhaseDecoder
from espnet_plugin.semamba_pp.mask import MaskDecoder
from espnet_plugin.semamba_pp.spectrum import Spectrum
from espnet_plugin.semamba_pp.tfdp import TfdpBlock
from espnet_plugin.semamba_pp.tfmamba import TfMambaBlock

BLOCKS = ("tfdp", "tfmamba")
OUTPUTS = ("mapping", "mask")
# Of wiring, frequency, frequency_conf, channel_part, paths and scales.
TFDP_DEFAULTS = ("fixed", "glp", None, True, "parallel", None)


class SEMambaPP(nn.Module):
    """The generator of SEMamba++; the defaults are the released model of 2,655,521 parameters.

    Run items of equal length only: the norms use the whole of an item, so that padding
    changes its result.

    Args:
        channels: C, of all feature maps.
        blocks: number of time-frequency dual-path blocks.
        resolutions: frequency resolutions inside a block.
        dense_depth: layers of each dense block.
        state_size, expansion, convolution_width: of the Mamba mixers.
        rate_hz: of the waves, which gives F, see `Spectrum`; the released model is for 16 kHz.
        wiring: "fixed" or "old", see `TfdpBlock`.
        scan: form of the selective scan: "auto", "reference", "cpu" or "cuda".
        block: "tfdp", or "tfmamba" for the block of SEMamba, which ignores `resolutions`, and where of
            `wiring` and the options that follow only `output` may be chosen.
        frequency, frequency_conf, channel_part: what stands along the bins and the channels, see `Level`.
        paths, scales: order of the resolutions and steps between them, see `TfdpBlock`.
        output: "mapping", or "mask" where the magnitude decoder's output multiplies the input's magnitude.

    Raises:
        ValueError: an unknown or impossible choice.
        TypeError: a key of `frequency_conf` that the frequency module does not have.
    """

    def __init__(
        self,
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
    ):
        super().__init__()
        if block not in BLOCKS:
            raise ValueError(f"unknown block '{block}': choose {' or '.join(BLOCKS)}")
        if output not in OUTPUTS:
            raise ValueError(f"unknown output '{output}': choose {' or '.join(OUTPUTS)}")
        self.output = output
        self.rate_hz = rate_hz
        bins = Spectrum(rate_hz).bins
        mixer = {
            "state_size": state_size,
            "expansion": expansion,
            "convolution_width": convolution_width,
            "scan": scan,
        }
        self.encoder = Encoder(channels, dense_depth)
        if block == "tfdp":
            level = {"frequency": frequency, "frequency_conf": frequency_conf, "channel_part": channel_part}
            levels = {"resolutions": resolutions, "wiring": wiring, "paths": paths, "scales": scales}
            options, make_block = {**levels, **level}, TfdpBlock
        elif (wiring, frequency, frequency_conf, channel_part, paths, scales) == TFDP_DEFAULTS:
            options, make_block = {}, TfMambaBlock
        else:
            raise ValueError("block 'tfmamba' has no wiring, frequency module, channel part, paths or scales")
        self.blocks = nn.ModuleList(
            make_block(channels, (bins - 1) // 2, **options, **mixer) for _ in range(blocks)
        )
        decoder = MaskDecoder if output == "mask" else MagnitudeDecoder
        self.magnitude_decoder = decoder(channels, dense_depth, bins)
        self.phase_decoder = PhaseDecoder(channels, dense_depth)

    def forward(self, magnitude: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Restore a spectrum.

        Args:
            magnitude: compressed magnitude |S|^0.3 of the wave divided by its peak, (B, F, T).
            phase: in radians, (B, F, T); raw and wrapped, as the network was trained on it.

        Returns:
            The restored compressed magnitude and phase, both (B, F, T).
        """
        if len(magnitude) > 1 and kernels_work(magnitude) and not torch.is_autocast_enabled("cpu"):
            # One by one, for some kernels take single items and none is faster with several.
            items = [self(*item) for item in zip(magnitude.split(1), phase.split(1))]
            return tuple(torch.cat(parts) for parts in zip(*items))
        x = torch.stack((magnitude, phase), 1).transpose(2, 3)
        if x.shape[0] == 1 and not torch.is_grad_enabled():
            # Channels innermost in memory: what the kernels for inference work on, but slower for the
            # gradients of a batch.
            x = x.contiguous(memory_format=torch.channels_last)
        x = self.encoder(x)
        for block in self.blocks:
            x = block(x)
        restored = self.magnitude_decoder(x).transpose(1, 2)
        if self.output == "mask":
            restored = restored * magnitude
        return restored, self.phase_decoder(x).transpose(1, 2)
