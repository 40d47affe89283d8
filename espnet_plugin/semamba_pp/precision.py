"""How precisely the kernels for inference on CPUs calculate.

A kernel is told by an argument, an instance of one of two classes, and compiled for each of them.
"""

from typing import NamedTuple

from torch import nn


class Full(NamedTuple):
    """In float32, with functions to its last digits but one."""


class Short(NamedTuple):
    """Products of integers of 16 bits with common factors, functions to three or four digits, else float32."""


def set_precision(network: nn.Module, precision: Full | Short) -> None:
    """Let all kernels of a network calculate so, in inference on CPUs; elsewhere it changes nothing."""
    for module in network.modules():
        module.kernel_precision = precision


def precision_of(module: nn.Module) -> Full | Short:
    """What `set_precision` chose, or full."""
    return getattr(module, "kernel_precision", Full())
