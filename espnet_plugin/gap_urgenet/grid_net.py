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
        if self._can_infer():
            # Half precision would save less than the tiles of `recurrent.py` do.
            with torch.autocast("cpu", enabled=False):
                return self._infer(x.float())
        x = self.norm(self.enter(x))
        for block in self.blocks:
            x = block(x)
        return self.leave(x)

    def _infer(self, x: Tensor) -> Tensor:
        x = self.norm(self.enter(x)).permute(2, 0, 3, 1).contiguous()
        for block in self.blocks:
            x = block.infer(x)
        return self.leave(x.permute(1, 3, 0, 2))

    def _can_infer(self) -> bool:
        """Whether there is a faster form: for CPUs, in float32, without gradients."""
        weight = self.enter.weight
        return (
            not torch.is_grad_enabled()
            and weight.device.type == "cpu"
            and weight.dtype == torch.float32
            and all(block.can_infer for block in self.blocks)
        )
