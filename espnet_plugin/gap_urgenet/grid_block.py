"""ESPnet's GridNetV3Block, with a faster form for inference on CPUs (specification, section 6).

Shapes: B items, C channels, T frames, F bins, H heads, E channels of a head.
"""

import numpy as np
import torch.nn.functional as functional
from espnet2.enh.separator.tfgridnetv3_separator import GridNetV3Block
from torch import Tensor

from espnet_plugin.gap_urgenet.recurrent import TAPS, recur_
from espnet_plugin.threads import run_in_threads


class GridBlock(GridNetV3Block):
    """The block; weights, names and numbers are ESPnet's, and so is `forward`, on maps (B, C, T, F)."""

    @property
    def can_infer(self) -> bool:
        """Whether `infer` covers the block's sizes: LSTMs that see four neighbours and advance by one."""
        return self.emb_ks == TAPS and self.emb_hs == 1

    def infer(self, x: Tensor) -> Tensor:
        """The same for maps with the channels innermost, without gradients: (T, B, F, C) to (T, B, F, C).

        ESPnet's form permutes the map several times and gathers the LSTMs' inputs channel by channel.
        Here the channels stay together in memory, and the convolutions are products of matrices.
        """
        frames, items, bins, _ = x.shape
        edge = TAPS - 1
        x = functional.pad(x, (0, 0, edge, edge, 0, 0, edge, edge))
        # Views of x, along whose second and first axis the LSTMs run: what is added to them is added to it.
        self._recur(x.flatten(0, 1), 1, "intra")
        self._recur(x.flatten(1, 2), 0, "inter")
        x = x[edge : edge + frames, :, edge : edge + bins].contiguous()
        self._add_attended(x)
        return x

    def _recur(self, x: Tensor, axis: int, which: str) -> None:
        """Add what an LSTM along an axis says to a map (N, S, C) or (S, N, C), in place."""
        recur_(x, axis, *(self[f"{which}_{part}"] for part in ("norm", "rnn", "linear")))

    def _add_attended(self, x: Tensor) -> None:
        """Attention over frames, each seen as a whole, added to a map (T, B, F, C) in place."""
        from espnet_plugin.gap_urgenet.kernels import add_projected_kernel

        y = functional.scaled_dot_product_attention(*(self._head_map(x, letter) for letter in "QKV"))
        y = y.unflatten(3, (x.shape[2], -1)).permute(2, 0, 3, 1, 4).flatten(3)
        projection, activation, norm = self["attn_concat_proj"]
        y = functional.linear(y, projection.weight.flatten(1), projection.bias).flatten(0, 2)
        slope, *affine = _arrays(activation.weight, norm.gamma, norm.beta)
        arrays = (y.numpy(), slope[0], *affine, norm.eps, x.flatten(0, 2).numpy())
        run_in_threads(add_projected_kernel, arrays, len(y))

    def _head_map(self, x: Tensor, letter: str) -> Tensor:
        """Queries, keys or values (B, H, T, F E) of a map (T, B, F, C)."""
        from espnet_plugin.gap_urgenet.kernels import head_map_kernel

        convolution, norm = self[f"attn_conv_{letter}"], self[f"attn_norm_{letter}"]
        frames, items, bins, _ = x.shape
        y = functional.linear(x, convolution.weight.flatten(1), convolution.bias)
        heads = y.new_empty(items, norm.H, frames, bins, norm.E)
        slopes, *affine = _arrays(norm.act.weight, norm.gamma, norm.beta)
        affine = (array.reshape(norm.H, norm.E) for array in affine)
        arrays = (y.unflatten(3, (norm.H, norm.E)).numpy(), slopes, *affine, norm.eps, heads.numpy())
        run_in_threads(head_map_kernel, arrays, frames)
        return heads.flatten(3)


def _arrays(*parameters: Tensor) -> list[np.ndarray]:
    """Parameters as the kernels take them, flat."""
    return [parameter.detach().flatten().numpy() for parameter in parameters]
