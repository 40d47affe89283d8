"""Training model: the generator with the losses that compare it with clean speech.

Shapes: B items, N samples, F bins, T frames.
"""

import torch
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.torch_utils.device_funcs import force_gatherable
from torch import nn

from espnet_plugin.training.losses import ReconstructionLoss


class RestorationModel(ESPnetEnhancementModel):
    """ESPnet's enhancement model with the reconstruction losses instead of ESPnet's criteria.

    The losses hold no tensors in the state dictionary and no setting in ``model_conf``. So ESPnet's plain
    enhancement task rebuilds the same model, for inference, from the same files.

    Args:
        encoder, decoder: ESPnet's ``same`` pair.
        separator: a separator with ``spectrum`` and ``network``, such as ``SEMambaPPSeparator``.
        reconstruction: the losses.
        model_conf: further arguments of ``ESPnetEnhancementModel``.
    """

    def __init__(
        self,
        encoder: nn.Module,
        separator: nn.Module,
        decoder: nn.Module,
        reconstruction: ReconstructionLoss,
        **model_conf,
    ) -> None:
        super().__init__(
            encoder=encoder,
            separator=separator,
            decoder=decoder,
            mask_module=None,
            loss_wrappers=None,
            **model_conf,
        )
        self.reconstruction = reconstruction

    def generate(self, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Restore segments that are normalised already.

        Args:
            wave: (B, N) degraded segments, divided by the peak of the recordings they were cut from.

        Returns:
            Magnitude (B, F, T), phase (B, F, T) and wave (B, N).
        """
        with torch.no_grad():
            degraded = self.separator.spectrum.analyse(wave)
        magnitude, phase = self.separator.network(*degraded)
        return magnitude, phase, self.separator.spectrum.synthesise(magnitude, phase, length=wave.shape[1])

    def forward(
        self,
        speech_mix: torch.Tensor,
        speech_mix_lengths: torch.Tensor | None = None,
        speech_ref1: torch.Tensor | None = None,
        **others,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        """The loss of one batch of segments of equal length.

        Args:
            speech_mix: (B, N) degraded segments.
            speech_mix_lengths: not used; the preprocessing pads every segment to the same length, and the
                padding takes part in the loss.
            speech_ref1: (B, N) clean segments.
            others: what else ESPnet puts into a batch, such as ``utt_id``.

        Returns:
            Loss, statistics (``loss`` and one entry per term, unweighted) and batch size.
        """
        with torch.no_grad():
            clean = self.separator.spectrum.analyse(speech_ref1)
        loss, terms = self.reconstruction(speech_ref1, *clean, *self.generate(speech_mix))
        statistics = {"loss": loss.detach(), **terms}
        return force_gatherable((loss, statistics, speech_mix.shape[0]), loss.device)
