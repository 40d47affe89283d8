"""Mean that is as exact in mixed precision as without."""

import torch
from torch import Tensor


def mean(values: Tensor) -> Tensor:
    """Mean of all elements, in float32 where they are of half precision, in their own precision otherwise."""
    return values.mean(dtype=torch.promote_types(values.dtype, torch.float32))
