"""What one sub-discriminator says about a batch of waves."""

from typing import NamedTuple

from torch import Tensor


class Judgement(NamedTuple):
    """Scores, and the way to them.

    Attributes:
        score: 1 where the discriminator takes the wave for clean, 0 where it does not, not bounded;
            one value per patch, any shape with the batch in front.
        maps: the feature maps that feature matching compares, from the first layer on.
    """

    score: Tensor
    maps: list[Tensor]
