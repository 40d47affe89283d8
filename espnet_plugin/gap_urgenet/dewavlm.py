"""DeWavLM-Omni: WavLM-Large fine-tuned to see clean speech in a degraded wave (specification, section 4).

Shapes: B items, N samples at 16 kHz, T = N // 320 frames, C features.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from transformers import WavLMConfig, WavLMModel

#: Samples of a frame, and of a packet that may be lost.
FRAME = 320
#: With this remainder of samples the strided convolutions give whole frames and nothing is left over.
REMAINDER = 80
#: Channels, kernel and stride of the convolutions on the wave.
CONVOLUTIONS = ((512, 10, 5), *[(512, 3, 2)] * 4, *[(512, 2, 2)] * 2)


class DeWavLM(nn.Module):
    """The WavLM encoder, giving its first and last layer; the defaults are WavLM-Large.

    Args:
        channels: C.
        layers, heads, hidden: transformer layers, heads of attention, width of the feed-forward parts.
        convolutions: (channels, kernel, stride) of each convolution on the wave; strides multiply to 320.
        position_kernel, position_groups: of the convolution that encodes positions.
        distance_buckets, distance_reach: number of relative distances told apart, and the longest in frames.

    Raises:
        ValueError: convolutions whose strides do not make frames of 320 samples.
    """

    def __init__(
        self,
        channels: int = 1024,
        layers: int = 24,
        heads: int = 16,
        hidden: int = 4096,
        convolutions: Sequence[Sequence[int]] = CONVOLUTIONS,
        position_kernel: int = 128,
        position_groups: int = 16,
        distance_buckets: int = 320,
        distance_reach: int = 800,
    ):
        super().__init__()
        sizes, kernels, strides = zip(*convolutions, strict=True)
        if torch.Size(strides).numel() != FRAME:
            raise ValueError(f"the strides {strides} of the convolutions do not multiply to {FRAME} samples")
        self.wavlm = WavLMModel(
            WavLMConfig(
                hidden_size=channels,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                intermediate_size=hidden,
                conv_dim=sizes,
                conv_kernel=kernels,
                conv_stride=strides,
                conv_bias=False,
                num_feat_extract_layers=len(sizes),
                num_conv_pos_embeddings=position_kernel,
                num_conv_pos_embedding_groups=position_groups,
                num_buckets=distance_buckets,
                max_bucket_distance=distance_reach,
                feat_extract_norm="layer",
                do_stable_layer_norm=True,
                layer_norm_eps=1e-5,
                # Without these two there is no vector for lost packets, or it is not used.
                apply_spec_augment=True,
                mask_time_prob=0.5,
                **dict.fromkeys(
                    ("hidden_dropout", "activation_dropout", "attention_dropout", "feat_proj_dropout"), 0.0
                ),
                layerdrop=0.0,
            )
        )

    def forward(self, wave: Tensor, lost: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Features of the first layer (sound) and of the last (words), both (B, T, C).

        Args:
            wave: (B, N) at 16 kHz, N >= 320, as it is: its level is not changed.
            lost: (B, T), True for frames to be made up from their surroundings.
        """
        layers = self.wavlm.encoder.layers
        first, last = self._outputs(wave, lost, (layers[0], layers[-1]))
        return first, last

    def first_layer(self, wave: Tensor) -> Tensor:
        """Features of the first layer alone (B, T, C), for which the others need not be computed.

        Args:
            wave: as for ``forward``.
        """
        (first,) = self._outputs(wave, None, self.wavlm.encoder.layers[:1])
        return first

    def _outputs(self, wave: Tensor, lost: Tensor | None, layers: Sequence[nn.Module]) -> list[Tensor]:
        """What the given layers, in their order in the model, put out, normalised."""
        frames = wave.shape[-1] // FRAME
        # A negative amount cuts.
        wave = functional.pad(wave, (0, frames * FRAME + REMAINDER - wave.shape[-1]))
        if lost is None:
            lost = torch.zeros(len(wave), frames, dtype=torch.bool, device=wave.device)
        outputs: list[Tensor] = []

        def keep(_module, _inputs, output):
            outputs.append(output if isinstance(output, Tensor) else output[0])
            if len(outputs) == len(layers):
                raise _Enough

        # Taken from the layers themselves: whether the model's list of hidden states ends before or
        # after the final norm depends on the version of transformers.
        hooks = [layer.register_forward_hook(keep) for layer in layers]
        try:
            self.wavlm(wave, mask_time_indices=lost)
        except _Enough:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        return [_normalised(output) for output in outputs]


class _Enough(Exception):
    """All layers that were asked for have been computed."""


def _normalised(features: Tensor) -> Tensor:
    """Zero mean and unit variance over all frames and features of an item."""
    return functional.layer_norm(features.float(), features.shape[1:], eps=1e-6)
