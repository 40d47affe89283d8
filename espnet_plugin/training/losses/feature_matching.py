"""Feature matching: the generator's waves are to look like clean ones inside the discriminators."""

from collections.abc import Sequence

from torch import Tensor

from espnet_plugin.training.discriminators.judgement import Judgement
from espnet_plugin.training.losses.mean import mean


def feature_matching_loss(
    clean: Sequence[Judgement], restored: Sequence[Judgement], factor: float = 2.0
) -> Tensor:
    """The mean absolute difference of each feature map, summed over all maps, times a factor.

    Args:
        clean: one judgement per sub-discriminator.
        restored: the same for waves of the generator.
        factor: 2 in the published loss of SEMamba++ (specification, section 5), 1 in that of GAP-URGENet.

    Returns:
        A scalar.
    """
    return factor * sum(
        mean((truth_map - guess_map).abs())
        for truth, guess in zip(clean, restored, strict=True)
        for truth_map, guess_map in zip(truth.maps, guess.maps, strict=True)
    )
