"""Feature matching: the generator's waves are to look like clean ones inside the discriminators."""

from collections.abc import Sequence

from torch import Tensor

from espnet_plugin.training.discriminators.judgement import Judgement
from espnet_plugin.training.losses.mean import mean


def feature_matching_loss(clean: Sequence[Judgement], restored: Sequence[Judgement]) -> Tensor:
    """Twice the mean absolute difference of each feature map, summed over all maps.

    The factor 2 belongs to the published loss (SEMamba++ specification, section 5).

    Args:
        clean: one judgement per sub-discriminator.
        restored: the same for waves of the generator.

    Returns:
        A scalar.
    """
    return 2.0 * sum(
        mean((truth_map - guess_map).abs())
        for truth, guess in zip(clean, restored, strict=True)
        for truth_map, guess_map in zip(truth.maps, guess.maps, strict=True)
    )
