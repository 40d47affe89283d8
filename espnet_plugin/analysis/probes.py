"""Gradients with respect to what chosen parts of a network give."""

import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping

import torch
from torch import Tensor, nn

from espnet_plugin.errors import UserError


class Probes:
    """A context in which the outputs of some modules are watched.

    Each watched output gets zeros added; the gradient with respect to these zeros is that with respect to the
    output. So neither inputs nor parameters need gradients, and the graph begins at the first watched module.

    Args:
        modules: name -> module with one tensor as output. A module that stands under several names, because
            its weights are shared, must be called once for each of them, in their order.
    """

    def __init__(self, modules: Mapping[Hashable, nn.Module]):
        self._modules = modules
        self._zeros: dict[Hashable, Tensor] = {}
        self._handles = []

    def __enter__(self) -> "Probes":
        names_of: dict[nn.Module, list[Hashable]] = {}
        for name, module in self._modules.items():
            names_of.setdefault(module, []).append(name)
        for module, names in names_of.items():
            self._handles.append(module.register_forward_hook(self._watch(itertools.cycle(names))))
        return self

    def _watch(self, names: Iterator[Hashable]) -> Callable[[nn.Module, tuple, Tensor], Tensor]:
        def watch(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
            zeros = self._zeros[next(names)] = torch.zeros_like(output, requires_grad=True)
            return output + zeros

        return watch

    def __exit__(self, *exception: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._zeros.clear()

    def gradients(self, scalar: Tensor) -> dict[Hashable, Tensor]:
        """The gradient of a scalar by each watched output of the last run; zeros where it does not matter."""
        names = list(self._zeros)
        found = torch.autograd.grad(scalar, [self._zeros[name] for name in names], allow_unused=True)
        return {
            name: torch.zeros_like(self._zeros[name]) if gradient is None else gradient
            for name, gradient in zip(names, found)
        }


def levels_of(network: nn.Module) -> dict[tuple[int, int], nn.Module]:
    """(block, level) -> what a SEMamba++ block does at one resolution; level 0 is the finest.

    Raises:
        UserError: the network has no such blocks.
    """
    found = {
        (number, place): level
        for number, block in enumerate(getattr(network, "blocks", ()))
        for place, level in enumerate(getattr(block, "levels", ()))
    }
    if not found:
        raise UserError("this network has no resolutions to look at; analyse a SEMamba++ with TFDP blocks")
    return found
