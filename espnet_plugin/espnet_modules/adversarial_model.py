"""Training model with discriminators, for ESPnet's adversarial training."""

from collections.abc import Mapping

import torch
from espnet2.torch_utils.device_funcs import force_gatherable
from espnet2.train.abs_gan_espnet_model import AbsGANESPnetModel
from torch import nn

from espnet_plugin.espnet_modules.restoration_model import RestorationModel
from espnet_plugin.training.losses import ReconstructionLoss
from espnet_plugin.training.signal import Signal

GENERATOR, DISCRIMINATOR = 0, 1


class AdversarialModel(RestorationModel, AbsGANESPnetModel):
    """The generator, its reconstruction losses, and an adversary.

    Args:
        encoder, separator, decoder, reconstruction, model_conf: as for ``RestorationModel``.
        adversary: discriminators with their losses, one of ``espnet_plugin.training.adversaries``. Their
            tensors are stored in checkpoints under ``adversary.``, which plain enhancement passes over.
        weights: weight of each term that the adversary gives the generator; 0 leaves a term out of the loss.
    """

    def __init__(
        self,
        encoder: nn.Module,
        separator: nn.Module,
        decoder: nn.Module,
        reconstruction: ReconstructionLoss,
        adversary: nn.Module,
        weights: Mapping[str, float],
        **model_conf,
    ) -> None:
        super().__init__(encoder, separator, decoder, reconstruction, **model_conf)
        self.adversary = adversary
        self.adversarial_weights = dict(weights)

    def generator_loss(
        self, clean: Signal, restored: Signal, adversarial: bool = True
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the generator, and values to report.

        Args:
            clean, restored: as ``compare`` returns them.
            adversarial: whether the discriminators have a say.

        Returns:
            The loss; ``loss``, ``reconstruction`` (its part without the adversary) and all terms, unweighted.
        """
        loss, values = super().generator_loss(clean, restored)
        values["reconstruction"] = values["loss"]
        if adversarial:
            terms = self.adversary.generator_terms(clean, restored)
            loss = sum((self.adversarial_weights[name] * term for name, term in terms.items()), loss)
            values |= {"loss": loss.detach(), **{name: term.detach() for name, term in terms.items()}}
        return loss, values

    def discriminator_loss(
        self, clean: Signal, restored: Signal
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the discriminators, which sends nothing to the generator, and values to report."""
        loss, values = self.adversary.discriminator_loss(clean, restored)
        return loss, {"discriminator_loss": loss.detach(), **values}

    def evaluate(self, clean: Signal, restored: Signal) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the generator, and what is reported of both sides."""
        loss, values = self.generator_loss(clean, restored)
        return loss, values | self.discriminator_loss(clean, restored)[1]

    def forward(
        self,
        speech_mix: torch.Tensor,
        speech_mix_lengths: torch.Tensor | None = None,
        speech_ref1: torch.Tensor | None = None,
        forward_generator: bool = True,
        **others,
    ) -> dict[str, torch.Tensor | dict[str, torch.Tensor] | int]:
        """The loss of one turn, in the form of ESPnet's adversarial trainers.

        This package's trainer calls the methods above instead, so that both turns share one run of the
        generator.

        Args:
            speech_mix, speech_mix_lengths, speech_ref1, others: as for ``RestorationModel.compare``.
            forward_generator: whose turn it is.

        Returns:
            ``loss``, ``stats``, ``weight`` (batch size) and ``optim_idx`` (0 generator, 1 discriminators).
        """
        with torch.set_grad_enabled(forward_generator and torch.is_grad_enabled()):
            pair = self.compare(speech_mix, speech_ref1)
        loss, values = self.generator_loss(*pair) if forward_generator else self.discriminator_loss(*pair)
        loss, values, weight = force_gatherable((loss, values, speech_mix.shape[0]), loss.device)
        turn = GENERATOR if forward_generator else DISCRIMINATOR
        return {"loss": loss, "stats": values, "weight": weight, "optim_idx": turn}
