"""SEMamba++ (arXiv 2603.11669): restores the magnitude and phase of degraded 16 kHz speech.

Shapes: B items, F bins, T frames, C channels.
"""

import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.dense import Encoder, MagnitudeDecoder, PhaseDecoder
from espnet_plugin.semamba_pp.tfdp import TfdpBlock


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
        bins: F of the spectrum.
        wiring: "fixed" or "old", see `TfdpBlock`.
        scan: form of the selective scan: "auto", "reference", "cpu" or "cuda".
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
        bins: int = 201,
        wiring: str = "fixed",
        scan: str = "auto",
    ):
        super().__init__()
        mixer = {
            "state_size": state_size,
            "expansion": expansion,
            "convolution_width": convolution_width,
            "scan": scan,
        }
        self.encoder = Encoder(channels, dense_depth)
        self.blocks = nn.ModuleList(
            TfdpBlock(channels, (bins - 1) // 2, resolutions, wiring, **mixer) for _ in range(blocks)
        )
        self.magnitude_decoder = MagnitudeDecoder(channels, dense_depth, bins)
        self.phase_decoder = PhaseDecoder(channels, dense_depth)

    def forward(self, magnitude: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Restore a spectrum.

        Args:
            magnitude: compressed magnitude |S|^0.3 of the wave divided by its peak, (B, F, T).
            phase: in radians, (B, F, T); raw and wrapped, as the network was trained on it.

        Returns:
            The restored compressed magnitude and phase, both (B, F, T).
        """
        x = torch.stack((magnitude, phase), 1).transpose(2, 3)
        if x.shape[0] == 1 and not torch.is_grad_enabled():
            # Channels innermost in memory: on CPUs a third faster for one recording, but slower
            # for the gradients of a batch.
            x = x.contiguous(memory_format=torch.channels_last)
        x = self.encoder(x)
        for block in self.blocks:
            x = block(x)
        return self.magnitude_decoder(x).transpose(1, 2), self.phase_decoder(x).transpose(1, 2)
