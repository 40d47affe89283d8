"""Training model of one part of GAP-URGENet, for ESPnet's plain and adversarial training."""

from collections.abc import Mapping
from typing import Any

import torch
from espnet2.torch_utils.device_funcs import force_gatherable
from espnet2.train.abs_espnet_model import AbsESPnetModel
from torch import nn

from espnet_plugin.training.parts import Part


class PartModel(AbsESPnetModel):
    """A part with what it learns against, in the form that ``TrainingStep`` and ``evaluate`` call.

    Under autocast the networks compute in lower precision, the part's losses do not.

    Args:
        part: the network in training and the frozen ones around it.
        adversary: one of ``espnet_plugin.training.adversaries``, or None. Its tensors are stored in
            checkpoints under ``adversary.``.
        weights: weight of each term that the adversary gives the network; 0 leaves a term out of the loss.
    """

    def __init__(
        self, part: Part, adversary: nn.Module | None = None, weights: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        self.part = part
        self.adversary = adversary
        self.adversarial_weights = dict(weights or {})

    def compare(
        self, speech_ref1: torch.Tensor, speech_mix: torch.Tensor | None = None, **others: torch.Tensor
    ) -> tuple[Any, Any]:
        """What the losses compare: the target and what the network makes of the degraded segments.

        Args:
            speech_ref1: (B, N) clean segments.
            speech_mix: (B, N) degraded segments; None for the vocoder, which needs none.
            others: what else ESPnet puts into a batch; segments have one length, so lengths are not used.
        """
        degraded = speech_ref1 if speech_mix is None else speech_mix
        target, restored = self.part.compare(degraded, speech_ref1)
        return target, type(restored)(*(value.float() for value in restored))

    def generator_loss(
        self, target: Any, restored: Any, adversarial: bool = True
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the network, and values to report.

        Args:
            target, restored: as ``compare`` returns them.
            adversarial: whether the discriminators, if there are any, have a say.

        Returns:
            The loss; ``loss``, ``reconstruction`` (its part without the adversary) and all terms, unweighted.
        """
        with torch.autocast(restored[0].device.type, enabled=False):
            loss, terms = self.part.loss(target, restored)
        values = {"reconstruction": loss.detach(), **terms}
        if adversarial and self.adversary is not None:
            terms = self.adversary.generator_terms(target, restored)
            loss = sum((self.adversarial_weights[name] * term for name, term in terms.items()), loss)
            values |= {name: term.detach() for name, term in terms.items()}
        return loss, {"loss": loss.detach(), **values}

    def discriminator_loss(self, target: Any, restored: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the discriminators, which sends nothing to the network, and values to report."""
        loss, values = self.adversary.discriminator_loss(target, restored)
        return loss, {"discriminator_loss": loss.detach(), **values}

    def evaluate(self, target: Any, restored: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss of the network, and what is reported of both sides."""
        loss, values = self.generator_loss(target, restored)
        if self.adversary is not None:
            values |= self.discriminator_loss(target, restored)[1]
        return loss, values

    def forward(
        self, speech_ref1: torch.Tensor, speech_mix: torch.Tensor | None = None, **others: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        """The loss of one batch, in ESPnet's form; arguments as for ``compare``."""
        loss, values = self.generator_loss(*self.compare(speech_ref1, speech_mix))
        return force_gatherable((loss, values, len(speech_ref1)), loss.device)

    def collect_feats(self, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """ESPnet asks for it; there are no features to collect."""
        return {}
