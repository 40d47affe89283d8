"""Training model: the generator with the losses that compare it with clean speech.

Shapes: B items, N samples, F bins, T frames.
"""

import torch
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.torch_utils.device_funcs import force_gatherable
from torch import nn

from espnet_plugin.training.losses import ReconstructionLoss
from espnet_plugin.training.signal import Signal


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

    def generate(self, wave: torch.Tensor) -> Signal:
        """Restore segments that are normalised already.

        Under autocast the network alone computes in lower precision, as transforms and losses would drown
        quiet bins.

        Args:
            wave: (B, N) degraded segments, divided by the peak of the recordings they were cut from.
        """
        spectrum = self.separator.spectrum
        with torch.no_grad(), torch.autocast(wave.device.type, enabled=False):
            degraded = spectrum.analyse(wave)
        magnitude, phase = (part.to(wave.dtype) for part in self.separator.network(*degraded))
        with torch.autocast(wave.device.type, enabled=False):
            return Signal(spectrum.synthesise(magnitude, phase, length=wave.shape[1]), magnitude, phase)

    def compare(
        self, speech_mix: torch.Tensor, speech_ref1: torch.Tensor, **others: torch.Tensor
    ) -> tuple[Signal, Signal]:
        """What the losses compare: the clean segments and what the generator makes of the degraded ones.

        Args:
            speech_mix: (B, N) degraded segments.
            speech_ref1: (B, N) clean segments.
            others: what else ESPnet puts into a batch; lengths are not used, as the preprocessing pads every
                segment to the same length, and the padding takes part in the loss.
        """
        with torch.no_grad(), torch.autocast(speech_ref1.device.type, enabled=False):
            clean = Signal(speech_ref1, *self.separator.spectrum.analyse(speech_ref1))
        return clean, self.generate(speech_mix)

    def generator_loss(
        self, clean: Signal, restored: Signal, adversarial: bool = False
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the generator, and values to report: ``loss`` and every term, unweighted.

        Args:
            clean, restored: as ``compare`` returns them.
            adversarial: not used: there are no discriminators.
        """
        with torch.autocast(clean.wave.device.type, enabled=False):
            loss, terms = self.reconstruction(*clean, restored.magnitude, restored.phase, restored.wave)
        # ESPnet's reports keep the name "time" for themselves.
        reported = {"waveform" if name == "time" else name: value for name, value in terms.items()}
        return loss, {"loss": loss.detach(), **reported}

    def evaluate(self, clean: Signal, restored: Signal) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Everything that can be measured on validation data: the loss, and values to report."""
        return self.generator_loss(clean, restored)

    def forward(
        self,
        speech_mix: torch.Tensor,
        speech_mix_lengths: torch.Tensor | None = None,
        speech_ref1: torch.Tensor | None = None,
        **others,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        """The loss of one batch, in ESPnet's form; arguments as for ``compare``.

        Returns:
            Loss, statistics (``loss`` and one entry per term, unweighted) and batch size.
        """
        loss, statistics = self.generator_loss(*self.compare(speech_mix, speech_ref1))
        return force_gatherable((loss, statistics, speech_mix.shape[0]), loss.device)
