"""Least-squares adversarial losses (LSGAN, Mao et al., 2017; SEMamba++ specification, section 5)."""

from collections.abc import Sequence

from torch import Tensor

from espnet_plugin.training.discriminators.judgement import Judgement
from espnet_plugin.training.losses.mean import mean


def adversarial_loss(restored: Sequence[Judgement]) -> Tensor:
    """What the generator pays: the squared distance of the scores of its waves from 1.

    Args:
        restored: one judgement per sub-discriminator.

    Returns:
        A scalar, summed over the sub-discriminators.
    """
    return sum(mean((1 - judgement.score) ** 2) for judgement in restored)


def discrimination_loss(clean: Sequence[Judgement], restored: Sequence[Judgement]) -> Tensor:
    """What the discriminators pay: squared distance of clean scores from 1, of restored ones from 0.

    Args:
        clean: one judgement per sub-discriminator.
        restored: the same for waves of the generator, without its gradient.

    Returns:
        A scalar, summed over the sub-discriminators.
    """
    return sum(
        mean((1 - truth.score) ** 2) + mean(guess.score**2)
        for truth, guess in zip(clean, restored, strict=True)
    )
