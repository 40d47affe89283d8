"""What adversaries with least-squares losses share."""

import torch
from torch import Tensor, nn

from espnet_plugin.training.adversaries.frozen import frozen
from espnet_plugin.training.discriminators import Judgement
from espnet_plugin.training.losses.feature_matching import feature_matching_loss
from espnet_plugin.training.losses.least_squares import adversarial_loss, discrimination_loss
from espnet_plugin.training.signal import Signal


class LeastSquaresAdversary(nn.Module):
    """Discriminators of one form of the signal; subclasses make those that ``DISCRIMINATORS`` names."""

    #: Attributes that hold the discriminators; each takes what is heard and returns judgements.
    DISCRIMINATORS: tuple[str, ...]
    #: Which attribute of a signal they hear.
    HEARD = "wave"
    #: Factor of the feature matching loss.
    MATCHING_FACTOR = 2.0
    #: Weights of the generator's terms.
    DEFAULT_WEIGHTS = {"adversarial": 1.0, "feature_matching": 1.0}

    def judge(self, heard: Tensor) -> dict[str, list[Judgement]]:
        """The judgements of each discriminator, on waves (B, N) or what else is heard."""
        return {name: getattr(self, name)(heard) for name in self.DISCRIMINATORS}

    def discriminator_loss(self, clean: Signal, restored: Signal) -> tuple[Tensor, dict[str, Tensor]]:
        """What the discriminators are trained on.

        Args:
            clean: the target.
            restored: from the generator; its gradient is cut here.

        Returns:
            The loss, and the part ``discriminator_<name>`` of each discriminator without gradient.
        """
        truth, guess = (getattr(signal, self.HEARD) for signal in (clean, restored))
        truths, guesses = self.judge(truth), self.judge(guess.detach())
        parts = {
            f"discriminator_{name}": discrimination_loss(truths[name], guesses[name]) for name in truths
        }
        return sum(parts.values()), {name: part.detach() for name, part in parts.items()}

    def generator_terms(self, clean: Signal, restored: Signal) -> dict[str, Tensor]:
        """What the generator is trained on, unweighted: ``adversarial`` and ``feature_matching``.

        Arguments as for ``discriminator_loss``. No gradient reaches the discriminators.
        """
        with torch.no_grad():
            truths = self.judge(getattr(clean, self.HEARD))
        with frozen(self):
            guesses = self.judge(getattr(restored, self.HEARD))
        return {
            "adversarial": sum(adversarial_loss(judgements) for judgements in guesses.values()),
            "feature_matching": sum(
                feature_matching_loss(truths[name], guesses[name], self.MATCHING_FACTOR) for name in guesses
            ),
        }
