"""Networks that a training looks at and does not change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from espnet_plugin.training.frozen_cache import FrozenCache


class FrozenNetworks(nn.Module):
    """A module with frozen networks beside it.

    They compute without gradient and in eval mode and move between devices with the module, but they are no
    submodules: no optimiser sees them and no checkpoint holds them.

    Args:
        frozen: name -> network.

    Attributes:
        frozen: as given.
        cache: where their outputs are kept, or None; to be set afterwards.
    """

    def __init__(self, frozen: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for network in frozen.values():
            network.eval().requires_grad_(False)
        self.frozen = dict(frozen)  # torch does not register what is in a dictionary
        self.cache: FrozenCache | None = None

    def _apply(self, fn: Any, recurse: bool = True) -> "FrozenNetworks":
        for network in self.frozen.values():
            network._apply(fn)
        return super()._apply(fn, recurse)

    def frozen_outputs(
        self,
        kind: str,
        names: Sequence[str],
        segments: Tensor,
        compute: Callable[[Tensor], Sequence[Tensor]],
    ) -> Sequence[Tensor]:
        """What frozen networks make of segments, without gradient; read from the cache if it may be.

        Args:
            kind: tells outputs of the same networks apart.
            names: of the networks that take part.
            segments: (B, N).
            compute: tensors with as many items as the segments that it gets.
        """
        with torch.no_grad():
            if self.cache is None or (self.training and not self.cache.keeps_training):
                return compute(segments)
            return self.cache.outputs(kind, segments, compute, names)
