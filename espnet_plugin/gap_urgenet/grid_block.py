"""ESPnet's GridNetV3Block, with a faster form for inference on CPUs (specification, section 6).

Shapes: B items, C channels, T frames, F bins, H heads, E channels of a head.
"""

import torch
import torch.nn.functional as functional
from espnet2.enh.separator.tfgridnetv3_separator import GridNetV3Block
from torch import Tensor

from espnet_plugin.gap_urgenet.recurrent import run_lstm


class GridBlock(GridNetV3Block):
    """The block; weights, names and numbers are ESPnet's, and so is `forward`, on maps (B, C, T, F)."""

    @property
    def can_infer(self) -> bool:
        """Whether `infer` covers the block's sizes: it is made for LSTMs that advance by one."""
        return self.emb_hs == 1 < self.emb_ks

    def infer(self, x: Tensor) -> Tensor:
        """The same for maps with the channels innermost, without gradients: (T, B, F, C) to (T, B, F, C).

        ESPnet's form permutes the map several times and gathers the LSTMs' inputs channel by channel.
        Here the channels stay together in memory: the neighbours that an LSTM sees at a step are one view,
        and the convolutions are products of matrices.
        """
        frames, items, bins, _ = x.shape
        edge = self.emb_ks - 1
        x = functional.pad(x, (0, 0, edge, edge, 0, 0, edge, edge))
        # Views of x: what is added to them is added to it. First (F, T B, C), then (T, B F, C).
        self._recur(x.flatten(0, 1).transpose(0, 1), "intra")
        self._recur(x.flatten(1, 2), "inter")
        x = x[edge : edge + frames, :, edge : edge + bins].contiguous()
        return x.add_(self._attend(x))

    def _recur(self, x: Tensor, which: str) -> None:
        """Add what an LSTM along the first axis says to a map (steps, N, C), in place."""
        norm, lstm, spread = (self[f"{which}_{part}"] for part in ("norm", "rnn", "linear"))
        kernel, channels = self.emb_ks, self.emb_dim
        normalised = norm(x.transpose(0, 1))  # (N, steps, C), contiguous
        if torch.is_autocast_enabled("cpu"):
            # oneDNN's LSTM, the one that calculates in half precision.
            heard = lstm(normalised.unfold(1, kernel, 1).flatten(2))[0].transpose(0, 1)
        else:
            heard = run_lstm(normalised, lstm, kernel)  # (calls, N, 2 units)
        weight = spread.weight.permute(2, 1, 0).flatten(0, 1)  # from (2 units, C, kernel)
        parts = functional.linear(heard, weight).unflatten(2, (kernel, channels))
        x += spread.bias
        for k in range(kernel):
            x[k : k + len(parts)] += parts[:, :, k]

    def _attend(self, x: Tensor) -> Tensor:
        """Attention over frames, each seen as a whole: (T, B, F, C) to (T, B, F, C)."""
        query, key, value = (
            # (B, H, T, F E); the order inside a frame is any, but the same for queries and keys.
            self._head_map(x, letter).permute(1, 3, 0, 2, 4).flatten(3)
            for letter in "QKV"
        )
        y = functional.scaled_dot_product_attention(query, key, value)
        y = y.unflatten(3, (x.shape[2], -1)).permute(2, 0, 3, 1, 4).flatten(3)
        projection, activation, norm = self["attn_concat_proj"]
        y = activation(functional.linear(y, projection.weight.flatten(1), projection.bias).movedim(-1, 1))
        y = functional.layer_norm(y.movedim(1, -1), (self.emb_dim,), eps=norm.eps)
        return y * norm.gamma.flatten() + norm.beta.flatten()

    def _head_map(self, x: Tensor, letter: str) -> Tensor:
        """Queries, keys or values (T, B, F, H, E) of all heads."""
        convolution, norm = self[f"attn_conv_{letter}"], self[f"attn_norm_{letter}"]
        y = functional.linear(x, convolution.weight.flatten(1), convolution.bias)
        y = y.unflatten(-1, (norm.H, norm.E))
        slopes = norm.act.weight[:, None]
        y = torch.where(y < 0, y * slopes, y)
        y = functional.layer_norm(y, (norm.E,), eps=norm.eps)
        return y * norm.gamma.view(norm.H, norm.E) + norm.beta.view(norm.H, norm.E)
