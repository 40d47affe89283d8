"""One update of a generator and, if there are any, of its discriminators."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from espnet_plugin.training.player import Player
from espnet_plugin.training.processes import Processes
from espnet_plugin.training.signal import Signal

#: A batch: utterance ids, and the arguments of ``model.compare``, of which the first axis counts items.
Batch = tuple[Sequence[str], Mapping[str, Tensor]]


class StepResult(NamedTuple):
    """What a step has to say, the same in every process.

    Attributes:
        values: means over the items of all batches and processes: losses, terms and gradient norms. Empty if
            the step was skipped.
        items: number of these items.
        invalid: ids of the batches because of which the step was skipped, or empty.
        reason: what was not finite, or empty.
    """

    values: dict[str, float]
    items: int
    invalid: list[str]
    reason: str = ""


class TrainingStep:
    """Updates the discriminators and then the generator, which already faces the updated ones.

    With one batch the generator runs once: the discriminators judge its output cut off from the graph, then
    the graph serves the generator's own loss. With several batches, whose gradients are added up, it runs a
    second time instead, as keeping all graphs would need the memory that smaller batches are to save. Either
    way the update is that of one joint batch, also over several processes.

    A step with a loss or gradient that is not finite changes nothing. (If only the generator's turn fails,
    the discriminators have learned already.)

    Args:
        model: has ``compare(**batch) -> (clean, restored)``, ``generator_loss(clean, restored, adversarial)``
            and, if there is a discriminator, ``discriminator_loss(clean, restored)``; the losses come with
            a dictionary of values to report.
        generator: its optimiser.
        discriminator: that of the discriminators, or None.
        processes: who else trains this model.
        bfloat16: whether the networks may compute in bfloat16 (autocast); weights and gradients stay as they
            are, and no scaling of the loss is needed.
    """

    def __init__(
        self,
        model: nn.Module,
        generator: Player,
        discriminator: Player | None = None,
        processes: Processes | None = None,
        bfloat16: bool = False,
    ) -> None:
        self.model = model
        self.generator = generator
        self.discriminator = discriminator
        self.processes = processes or Processes()
        self.bfloat16 = bfloat16

    def __call__(self, batches: Sequence[Batch], adversarial: bool = True) -> StepResult:
        """Learn from batches as from one.

        Args:
            batches: those of this process; their number and sizes may differ between processes.
            adversarial: whether the discriminators take part.
        """
        items = sum(self.processes.gather(sum(len(ids) for ids, _ in batches)))
        only = self._compare(batches[0][1]) if len(batches) == 1 else None
        values: dict[str, float] = {}

        def compare(batch: Mapping[str, Tensor]) -> tuple[Signal, Signal]:
            return only or self._compare(batch)

        def discriminator_loss(batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
            with torch.no_grad():
                judged = compare(batch)
            return self.model.discriminator_loss(*judged)

        def generator_loss(batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
            return self.model.generator_loss(*compare(batch), adversarial)

        adversarial = adversarial and self.discriminator is not None
        if adversarial:
            result = self._turn("discriminator", self.discriminator, batches, items, discriminator_loss)
            if result.invalid:
                return result
            values |= result.values
        result = self._turn("generator", self.generator, batches, items, generator_loss)
        return result if result.invalid else result._replace(values=result.values | values)

    def _compare(self, batch: Mapping[str, Tensor]) -> tuple[Signal, Signal]:
        with _precision(batch, self.bfloat16):
            return self.model.compare(**batch)

    def _turn(
        self,
        name: str,
        player: Player,
        batches: Sequence[Batch],
        items: int,
        loss_of: Callable[[Mapping[str, Tensor]], tuple[Tensor, dict[str, Tensor]]],
    ) -> StepResult:
        player.forget()
        reports = []
        for ids, batch in batches:
            with _precision(batch, self.bfloat16):
                loss, values = loss_of(batch)
            share = len(ids) / items
            (loss * share).backward()
            reports.append(_Report(list(ids), float(loss.detach()), _numbers(values)))
        norm = player.finish_gradients(self.processes)
        everyone = [report for reports in self.processes.gather(reports) for report in reports]
        suspects = [report for report in everyone if not math.isfinite(report.loss)]
        if not suspects and math.isfinite(norm):
            player.update()
            player.forget()
            return StepResult({**_means(everyone), f"{name}_grad_norm": norm}, items, [])
        player.forget()
        reason = f"{name} loss" if suspects else f"gradient of the {name} loss"
        return StepResult({}, items, _ids(suspects or everyone), reason)


def evaluate(
    model: nn.Module, batches: Sequence[Batch], processes: Processes | None = None, bfloat16: bool = False
) -> StepResult:
    """The losses of a model, without learning.

    Args:
        model: has ``compare`` as for ``TrainingStep`` and ``evaluate(clean, restored) -> (loss, values)``.
        batches: those of this process, possibly none.
        processes: who else evaluates this model.
        bfloat16: as for ``TrainingStep``.
    """
    reports = []
    for ids, batch in batches:
        with torch.no_grad(), _precision(batch, bfloat16):
            loss, values = model.evaluate(*model.compare(**batch))
        reports.append(_Report(list(ids), float(loss), _numbers(values)))
    everyone = [report for reports in (processes or Processes()).gather(reports) for report in reports]
    suspects = [report for report in everyone if not math.isfinite(report.loss)]
    items = sum(len(report.ids) for report in everyone)
    return StepResult({} if suspects else _means(everyone), items, _ids(suspects), "loss" if suspects else "")


class _Report(NamedTuple):
    """What one batch gave."""

    ids: list[str]
    loss: float
    values: dict[str, float]


def _precision(batch: Mapping[str, Tensor], bfloat16: bool) -> torch.autocast:
    device = next(iter(batch.values())).device
    return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)


def _ids(reports: Sequence[_Report]) -> list[str]:
    return [identifier for report in reports for identifier in report.ids]


def _numbers(values: Mapping[str, Tensor]) -> dict[str, float]:
    if not values:
        return {}
    # One transfer from the device for all of them.
    joined = torch.stack([value.detach().float().reshape(()) for value in values.values()])
    return dict(zip(values, joined.tolist()))


def _means(reports: Sequence[_Report]) -> dict[str, float]:
    """Means weighted by items, over those reports that have a number under a name."""
    means = {}
    for name in dict.fromkeys(name for report in reports for name in report.values):
        known = [
            (len(report.ids), report.values[name])
            for report in reports
            if not math.isnan(report.values.get(name, math.nan))
        ]
        weight = sum(items for items, _ in known)
        means[name] = sum(items * value for items, value in known) / weight if weight else math.nan
    return means
