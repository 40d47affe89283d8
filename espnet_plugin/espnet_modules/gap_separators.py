"""GAP-URGENet as ESPnet separators: the whole, and the two parts that restore waves by themselves.

Shapes: B items, N samples.
"""

from typing import Any

import torch
import torchaudio.functional as audio_functional
from torch.nn import functional

from espnet_plugin.espnet_modules.wave_separator import WaveSeparator
from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.gap_urgenet.postnet import PostNet
from espnet_plugin.gap_urgenet.predictor import Predictor

#: Rates of the predictor and of the output.
PREDICTOR_HZ, POSTNET_HZ = 16000, 48000
#: What of a wave (B, N) is kept for each choice of ``level``; "keep" leaves it as the network gives it.
_KEPT = {
    "peak": lambda wave: wave.abs().amax(1, keepdim=True),
    "match": lambda wave: wave.square().mean(1, keepdim=True).sqrt(),
}


class GapPredictorSeparator(WaveSeparator):
    """The predictive branch alone, at 16 kHz.

    Args:
        input_dim, num_spk: of ``WaveSeparator``.
        options: of ``Predictor``.
    """

    name = "gap_predictor"
    rate_hz = PREDICTOR_HZ

    def __init__(self, input_dim: int, num_spk: int = 1, **options: Any) -> None:
        super().__init__(input_dim, num_spk)
        self.network = Predictor(**options)

    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Restore waves (B, N); a last part of a hop is silent, as in the original."""
        return self.network(_filled(wave, self.network.spectrum.hop + 1))[:, : wave.shape[1]]


class GapPostnetSeparator(WaveSeparator):
    """Fusion and band extension alone, at 48 kHz.

    The recordings have two channels: first the predictive, then the generative branch.

    Args:
        input_dim, num_spk: of ``WaveSeparator``.
        inputs, options: of ``PostNet``.
    """

    name = "gap_postnet"
    rate_hz = POSTNET_HZ

    def __init__(self, input_dim: int, inputs: int = 2, num_spk: int = 1, **options: Any) -> None:
        super().__init__(input_dim, num_spk)
        self.network = PostNet(inputs, **options)
        self.inputs = inputs

    def choose_channels(self, wave: torch.Tensor) -> torch.Tensor:
        """All channels of (B, N, inputs).

        Raises:
            ValueError: another number of channels.
        """
        if wave.dim() != 3 or wave.shape[-1] != self.inputs:
            raise ValueError(
                f"gap_postnet joins {self.inputs} waves: give recordings of {self.inputs} channels"
            )
        return wave

    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Fuse waves (B, N, inputs) into (B, N); a last part of a hop is silent, as in the original."""
        waves = _filled(wave.transpose(1, 2), self.network.spectrum.hop + 1)
        return self.network(waves)[:, : wave.shape[1]]


class GapUrgenetSeparator(WaveSeparator):
    """The five networks, from 48 kHz to 48 kHz; ``model_conf: {always_forward_in_48k: true}`` resamples.

    Args:
        input_dim, num_spk: of ``WaveSeparator``.
        encoder, adapter, vocoder, predictor, postnet: arguments of the parts, see ``GapUrgenet``.
        packet_loss, level: as of ``GapUrgenetEnhancer``.

    Raises:
        ValueError: an unknown choice.
    """

    name = "gap_urgenet"
    rate_hz = POSTNET_HZ

    def __init__(
        self,
        input_dim: int,
        encoder: dict[str, Any] | None = None,
        adapter: dict[str, Any] | None = None,
        vocoder: dict[str, Any] | None = None,
        predictor: dict[str, Any] | None = None,
        postnet: dict[str, Any] | None = None,
        packet_loss: str = "any_rate",
        level: str = "peak",
        num_spk: int = 1,
    ) -> None:
        super().__init__(input_dim, num_spk)
        # Here, as they bring transformers along, which takes its time and which no other separator needs.
        from espnet_plugin.enhance.gap_enhancer import PACKET_LOSS
        from espnet_plugin.enhance.level import LEVELS
        from espnet_plugin.gap_urgenet.network import GapUrgenet

        for what, value, known in (("packet_loss", packet_loss, PACKET_LOSS), ("level", level, LEVELS)):
            if value not in known:
                raise ValueError(f"unknown {what} '{value}': choose {', '.join(known)}")
        self.network = GapUrgenet(encoder, adapter, vocoder, predictor, postnet)
        self.packet_loss = packet_loss
        self.level = level

    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Restore waves (B, N); see ``GapUrgenet.forward``."""
        samples = wave.shape[1]
        if samples == 0:
            return wave
        narrow = _filled(audio_functional.resample(wave, POSTNET_HZ, PREDICTOR_HZ), self.network.shortest)
        lost = lost_packets(narrow) if self.packet_loss == "any_rate" else None
        restored = self.network(narrow, lost, self.packet_loss != "off")[:, :samples]
        if self.level in _KEPT:
            kept = _KEPT[self.level]
            restored = restored * (kept(wave) / (kept(restored) + 1e-8))
        return restored


def _filled(wave: torch.Tensor, samples: int) -> torch.Tensor:
    """Waves (..., N) with silence behind them if they are shorter than that."""
    return functional.pad(wave, (0, max(samples - wave.shape[-1], 0)))
