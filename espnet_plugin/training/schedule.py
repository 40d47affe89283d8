"""Learning rate that rises, falls along a cosine and stays (GAP-URGENet specification, 9)."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class WarmupCosine(LRScheduler):
    """Linear from 0 to the largest rate, along half a cosine to the smallest, then constant; per step.

    Args:
        optimizer: its parameter groups all get this rate.
        max_lr: largest rate.
        min_lr: smallest rate after the rise.
        warmup_steps: length of the rise.
        decay_until: step at which the smallest rate is reached.
        last_epoch: as for all schedulers of torch.

    Raises:
        ValueError: the rates or steps are out of order.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        min_lr: float,
        warmup_steps: int,
        decay_until: int,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= min_lr <= max_lr or not 0 <= warmup_steps < decay_until:
            raise ValueError(
                "a rate rises to max_lr within warmup_steps and falls to min_lr at decay_until, so that "
                f"0 <= min_lr ({min_lr}) <= max_lr ({max_lr}) and 0 <= warmup_steps ({warmup_steps}) < "
                f"decay_until ({decay_until})"
            )
        self.max_lr, self.min_lr = max_lr, min_lr
        self.warmup_steps, self.decay_until = warmup_steps, decay_until
        super().__init__(optimizer, last_epoch)

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warmup_steps:
            return self.max_lr * step / self.warmup_steps
        if step > self.decay_until:
            return self.min_lr
        share = (step - self.warmup_steps) / (self.decay_until - self.warmup_steps)
        return self.min_lr + 0.5 * (1 + math.cos(math.pi * share)) * (self.max_lr - self.min_lr)

    def get_lr(self) -> list[float]:
        """The rate of each parameter group at the present step."""
        return [self.rate(self.last_epoch)] * len(self.optimizer.param_groups)
