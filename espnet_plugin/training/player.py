"""One side of adversarial training: an optimiser with its gradients."""

import math
from collections.abc import Callable

import torch
from torch.optim import Optimizer

from espnet_plugin.training.processes import Processes


class Player:
    """The generator or the discriminators, as a training step sees them.

    Args:
        optimizer: holds the parameters of this side and of no other.
        clip: largest norm of the gradient; infinity never limits it.
        norm_type: kind of that norm, such as 2.0.
        after_update: called after each update, for learning rates that change within an epoch.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        clip: float = math.inf,
        norm_type: float = 2.0,
        after_update: Callable[[], None] | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.clip = clip
        self.norm_type = norm_type
        self.after_update = after_update

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """All parameters of this side."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def finish_gradients(self, processes: Processes) -> float:
        """Sum the gradients over the processes and limit them; returns their norm before the limit."""
        parameters = self.parameters
        processes.sum_gradients(parameters)
        return float(torch.nn.utils.clip_grad_norm_(parameters, self.clip, self.norm_type))

    def update(self) -> None:
        """One step of the optimiser."""
        self.optimizer.step()
        if self.after_update is not None:
            self.after_update()

    def forget(self) -> None:
        """Drop the gradients."""
        self.optimizer.zero_grad(set_to_none=True)
