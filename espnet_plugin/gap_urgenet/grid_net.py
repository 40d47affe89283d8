"""TF-GridNet V3: recurrent along bins, recurrent along frames, attention over frames.

Shapes: B items, C channels, T frames, F bins.
"""

import torch
from torch import Tensor, nn

from espnet_plugin.gap_urgenet.grid_block import GridBlock


class GridNet(nn.Module):
    """Maps spectra to spectra; any number of frames and bins.

    Args:
        in_channels, out_channels: of the spectra, real and imaginary parts counted apart.
        channels: C of the feature maps.
        blocks: number of blocks.
        lstm_units: of each direction.
        heads, query_channels: heads of attention, and channels of each head's queries and keys.
        kernel, hop: bins or frames that a step of the LSTMs sees, and its advance.
        eps: of all norms.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        channels: int,
        blocks: int,
        lstm_units: int,
        heads: int,
        query_channels: int,
        kernel: int = 4,
        hop: int = 1,
        eps: float = 1e-5,
    ):
        super().__init__()
        self.enter = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.norm = nn.GroupNorm(1, channels, eps=eps)
        self.blocks = nn.ModuleList(
            GridBlock(
                channels,
                kernel,
                hop,
                lstm_units,
                n_head=heads,
                qk_output_channel=query_channels,
                activation="prelu",
                eps=eps,
            )
            for _ in range(blocks)
        )
        self.leave = nn.ConvTranspose2d(channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, T, F) to (B, out_channels, T, F)."""
        x = self.norm(self.enter(x))
        if x.device.type == "cpu" and not torch.is_grad_enabled() and all(b.can_infer for b in self.blocks):
            x = x.permute(2, 0, 3, 1).contiguous()
            for block in self.blocks:
                x = block.infer(x)
            return self.leave(x.permute(1, 3, 0, 2))
        for block in self.blocks:
            x = block(x)
        return self.leave(x)
