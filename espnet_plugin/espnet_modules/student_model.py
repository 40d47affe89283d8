"""Training model of a student: the generator, compared with clean speech and with a teacher's output."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import nn

from espnet_plugin.espnet_modules.restoration_model import RestorationModel
from espnet_plugin.training.losses import ReconstructionLoss
from espnet_plugin.training.signal import Signal
from espnet_plugin.training.teacher import Teacher


class Targets(NamedTuple):
    """What a student is to give.

    Attributes:
        clean: the clean segments.
        teacher: what the teacher makes of the degraded ones.
    """

    clean: Signal
    teacher: Signal


#: Weight of the loss against each of ``Targets``.
DEFAULT_WEIGHTS = {"clean": 1.0, "teacher": 1.0}


class StudentModel(RestorationModel):
    """``RestorationModel`` with two targets.

    Args:
        encoder, separator, decoder, reconstruction, model_conf: as for ``RestorationModel``.
        teacher: gives the second target; none of its tensors is in the state dictionary.
        weights: of the loss against each target, over ``DEFAULT_WEIGHTS``.
    """

    def __init__(
        self,
        encoder: nn.Module,
        separator: nn.Module,
        decoder: nn.Module,
        reconstruction: ReconstructionLoss,
        teacher: Teacher,
        weights: Mapping[str, float] | None = None,
        **model_conf,
    ) -> None:
        super().__init__(encoder, separator, decoder, reconstruction, **model_conf)
        self.teacher = teacher
        self.weights = {**DEFAULT_WEIGHTS, **(weights or {})}

    def compare(
        self, speech_mix: torch.Tensor, speech_ref1: torch.Tensor, **others: torch.Tensor
    ) -> tuple[Targets, Signal]:
        """Both targets and what the student makes of the degraded segments; arguments as of its base."""
        clean, restored = super().compare(speech_mix, speech_ref1)
        taught = self.teacher(speech_mix, speech_ref1)
        with torch.no_grad(), torch.autocast(taught.device.type, enabled=False):
            return Targets(clean, Signal(taught, *self.separator.spectrum.analyse(taught))), restored

    def generator_loss(
        self, targets: Targets, restored: Signal, adversarial: bool = False
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the student, and values to report.

        Args:
            targets, restored: as ``compare`` returns them.
            adversarial: not used: there are no discriminators.

        Returns:
            The loss; ``loss``, and that against each target (``clean``, ``teacher``), unweighted.
        """
        losses = {
            name: super(StudentModel, self).generator_loss(target, restored)[0]
            for name, target in zip(targets._fields, targets)
        }
        total = sum(self.weights[name] * loss for name, loss in losses.items())
        return total, {"loss": total.detach(), **{name: loss.detach() for name, loss in losses.items()}}
