"""GAP-URGENet (arXiv 2604.01832): a generative and a predictive restoration of speech, fused at 48 kHz.

    16 kHz wave -+- encoder - adapter - vocoder -+- 48 kHz -+
                 |  (lost packets made up)                  +- PostNet - 48 kHz wave
                 +- predictor -------------------+- 48 kHz -+

Shapes: B items, N samples at 16 kHz, T = N // 320 frames. Specification, section 3.
"""

import inspect
from typing import Any

import torch
import torch.nn.functional as functional
import torchaudio.functional as audio_functional
from torch import Tensor, nn

from espnet_plugin.gap_urgenet.adapter import Adapter
from espnet_plugin.gap_urgenet.dewavlm import FRAME, DeWavLM
from espnet_plugin.gap_urgenet.packet_loss import official_lost_packets
from espnet_plugin.gap_urgenet.postnet import PostNet
from espnet_plugin.gap_urgenet.predictor import Predictor
from espnet_plugin.gap_urgenet.vocoder import Vocoder

#: Rate of the input and of both branches; rate of the output.
BRANCH_HZ, RATE_HZ = 16000, 48000


class GapUrgenet(nn.Module):
    """The five networks of GAP-URGENet; the defaults are the released 568,567,237 parameters.

    Run items of equal length only: attention and statistics use the whole of an item, so that padding
    changes its result.

    Args:
        encoder: arguments of `DeWavLM`.
        adapter: of `Adapter`.
        vocoder: of `Vocoder`.
        predictor: of `Predictor`.
        postnet: of `PostNet`.

    Raises:
        TypeError: an argument that a part does not have.
        ValueError: an impossible one.

    Attributes:
        options: part -> all its arguments, with which the network can be built again.
    """

    #: Samples of the shortest input.
    shortest = FRAME

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        adapter: dict[str, Any] | None = None,
        vocoder: dict[str, Any] | None = None,
        predictor: dict[str, Any] | None = None,
        postnet: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.options: dict[str, dict[str, Any]] = {}
        for name, part, given in (
            ("encoder", DeWavLM, encoder),
            ("adapter", Adapter, adapter),
            ("vocoder", Vocoder, vocoder),
            ("predictor", Predictor, predictor),
            ("postnet", PostNet, postnet),
        ):
            defaults = {key: p.default for key, p in inspect.signature(part).parameters.items()}
            self.options[name] = defaults | (given or {})
            setattr(self, name, part(**self.options[name]))

    def generative(self, wave: Tensor, lost: Tensor | None = None, conceal: bool = True) -> Tensor:
        """Speech made anew from what the encoder understood: natural, but words may change.

        Args:
            wave: (B, N) at 16 kHz, N >= 320.
            lost: (B, T), True for packets to be made up; found in the wave by the official rule if None.
            conceal: False to take digital silence as it is, whatever `lost` says.

        Returns:
            (B, 320 T) at 16 kHz.
        """
        if not conceal:
            lost = None
        elif lost is None:
            lost = official_lost_packets(wave)
        return self.vocoder(self.adapter(*self.encoder(wave, lost)))

    def predictive(self, wave: Tensor) -> Tensor:
        """Speech filtered out of the wave (B, N) at 16 kHz, N >= 320: (B, N) at 16 kHz."""
        return self.predictor(wave)

    def fuse(self, predictive: Tensor, generative: Tensor) -> Tensor:
        """Join the branches and extend their band to 24 kHz.

        Args:
            predictive: (B, M) at 48 kHz.
            generative: (B, any) at 48 kHz; filled with silence or cut to M samples.

        Returns:
            (B, M) at 48 kHz.
        """
        missing = predictive.shape[-1] - generative.shape[-1]
        return self.postnet(torch.stack((predictive, functional.pad(generative, (0, missing))), 1))

    def forward(self, wave: Tensor, lost: Tensor | None = None, conceal: bool = True) -> Tensor:
        """Restore waves (B, N) at 16 kHz to (B, 3 N) at 48 kHz; arguments as of `generative`."""
        predictive = self.predictive(wave)
        generative = self.generative(wave, lost, conceal)
        return self.fuse(to_48_khz(predictive), to_48_khz(generative))


def to_48_khz(wave: Tensor) -> Tensor:
    """A branch's wave (B, N) at the rate of the fusion, (B, 3 N)."""
    return audio_functional.resample(wave, BRANCH_HZ, RATE_HZ)
