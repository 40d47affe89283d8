"""Use a network without computing gradients of its weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Inside, what ``module`` computes carries gradient to its inputs, but none to its parameters.

    For discriminators that judge the generator: gradients of their weights would cost half of the
    backward pass, and would have to be thrown away.
    """
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
