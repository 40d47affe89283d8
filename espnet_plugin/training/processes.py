"""The processes that train one model together."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import distributed
from torch.nn import Parameter


class Processes:
    """Sums and exchanges between the processes of ``torch.distributed``; alone, there is nothing to do.

    ``DistributedDataParallel`` pairs each forward with one backward pass. Here the graph of one run of the
    generator is kept while the discriminators learn, so gradients are summed afterwards, and only those of
    the optimiser whose turn it is.
    """

    def __init__(self) -> None:
        together = distributed.is_available() and distributed.is_initialized()
        self.count = distributed.get_world_size() if together else 1
        self.rank = distributed.get_rank() if together else 0

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def gather(self, item: Any) -> list[Any]:
        """The items of all processes by rank; each may be anything that pickles."""
        if self.count == 1:
            return [item]
        items = [None] * self.count
        distributed.all_gather_object(items, item)
        return items

    def sum_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace every gradient by its sum over the processes.

        Args:
            parameters: the same in all processes. Those without gradient are left out, so they must be the
                same as well.
        """
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        for kind in dict.fromkeys((gradient.dtype, gradient.device) for gradient in gradients):
            alike = [gradient for gradient in gradients if (gradient.dtype, gradient.device) == kind]
            # One message instead of hundreds of small ones.
            joined = torch.cat([gradient.reshape(-1) for gradient in alike])
            distributed.all_reduce(joined)
            for gradient, summed in zip(alike, joined.split([gradient.numel() for gradient in alike])):
                gradient.copy_(summed.view_as(gradient))

    def groups(self, batches: Iterable, size: int, to_the_end: bool = False) -> Iterator[list]:
        """Batches in lists of ``size``, the last of which may be shorter.

        Args:
            batches: those of this process.
            size: how many batches make a step.
            to_the_end: go on, with empty lists, while another process has batches left; otherwise all
                processes stop as soon as one has none.
        """
        iterator = iter(batches)
        go_on = any if to_the_end else all
        while True:
            group = [batch for _, batch in zip(range(size), iterator)]
            if not go_on(self.gather(bool(group))):
                return
            yield group
