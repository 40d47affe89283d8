"""ESPnet's trainer with a progress bar and checkpoints that a kill cannot break."""

import contextlib
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from espnet2.train.reporter import Reporter, SubReporter
from espnet2.train.trainer import Trainer
from tqdm.contrib.logging import logging_redirect_tqdm

from espnet_plugin.espnet_modules.checkpoint import atomic_saves, is_whole, recover, with_durations
from espnet_plugin.training.progress import TrainingProgress


class SafeTrainer:
    """Mix-in for ``Trainer`` and its subclasses: progress, atomic checkpoints, recovery after a kill."""

    _progress: TrainingProgress | None = None
    _train_loss: float = math.nan

    @classmethod
    def run(cls, *, trainer_options: Any, distributed_option: Any, **others: Any) -> None:
        """Train; arguments as in ESPnet's ``Trainer.run``, by keyword."""
        leads = not distributed_option.distributed or distributed_option.dist_rank == 0
        with contextlib.ExitStack() as during_the_run:
            during_the_run.enter_context(atomic_saves())
            if leads:
                cls._progress = TrainingProgress(trainer_options.max_epoch)
                during_the_run.callback(setattr, cls, "_progress", None)
                if cls._progress.on_terminal:
                    during_the_run.enter_context(logging_redirect_tqdm())
                if trainer_options.resume:
                    cls._say(recover(Path(trainer_options.output_dir)))
            if distributed_option.distributed:
                torch.distributed.barrier()  # nobody looks for a checkpoint that is being repaired
            super().run(trainer_options=trainer_options, distributed_option=distributed_option, **others)

    @staticmethod
    def resume(
        checkpoint: str | Path,
        model: torch.nn.Module,
        reporter: Reporter,
        optimizers: Sequence[torch.optim.Optimizer],
        schedulers: Sequence[Any],
        scaler: Any,
        ngpu: int = 0,
        strict: bool = True,
    ) -> None:
        """Continue from a checkpoint; arguments as in ESPnet's ``Trainer.resume``.

        Unlike ESPnet 202511 this reads tensors and plain values only, and it restores the model file of the
        last epoch if a kill came between the two files.
        """
        path = Path(checkpoint)
        device = f"cuda:{torch.cuda.current_device()}" if ngpu > 0 else "cpu"
        states = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(states["model"], strict=strict)
        reporter.load_state_dict(with_durations(states["reporter"]))
        for optimizer, state in zip(optimizers, states["optimizers"]):
            optimizer.load_state_dict(state)
        for scheduler, state in zip(schedulers, states["schedulers"]):
            if scheduler is not None:
                scheduler.load_state_dict(state)
        if scaler is not None and states["scaler"] is not None:
            scaler.load_state_dict(states["scaler"])
        epoch_file = path.with_name(f"{reporter.get_epoch()}epoch.pth")
        leads = not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0
        if leads and not is_whole(epoch_file):
            torch.save(states["model"], epoch_file)
        logging.info(f"resumed from {path} after epoch {reporter.get_epoch()}")

    @classmethod
    def train_one_epoch(cls, *, iterator: Iterable, reporter: SubReporter, **others: Any) -> bool:
        """One epoch of training; arguments as in ESPnet's trainers, by keyword."""
        watched = _watch(cls._progress, iterator, reporter)
        all_steps_are_invalid = super().train_one_epoch(iterator=watched, reporter=reporter, **others)
        cls._train_loss = _mean_loss(reporter)
        return all_steps_are_invalid

    @classmethod
    def validate_one_epoch(cls, *, iterator: Iterable, reporter: SubReporter, **others: Any) -> None:
        """One pass over the validation set; arguments as in ESPnet's trainers, by keyword."""
        super().validate_one_epoch(
            iterator=_watch(cls._progress, iterator, reporter, "validation"), reporter=reporter, **others
        )
        if cls._progress is not None:
            cls._progress.epoch_done(reporter.get_epoch(), cls._train_loss, _mean_loss(reporter))

    @classmethod
    def _say(cls, message: str | None) -> None:
        if message:
            logging.warning(message)
            cls._progress.say(message)


class RestorationTrainer(SafeTrainer, Trainer):
    """Trainer for one optimiser."""


def _watch(
    progress: TrainingProgress | None, batches: Iterable, reporter: SubReporter, label: str = ""
) -> Iterable | Iterator:
    if progress is None:
        return batches
    return progress.steps(batches, reporter.get_epoch(), lambda: _latest_loss(reporter), label)


def _latest_loss(reporter: SubReporter) -> float | None:
    values = reporter.stats.get("loss")
    return float(values[-1].value) if values else None


def _mean_loss(reporter: SubReporter) -> float:
    values = [value for value in reporter.stats.get("loss", []) if math.isfinite(value.value)]
    weights = [float(getattr(value, "weight", 1.0)) for value in values]
    if not sum(weights):
        return math.nan
    return sum(float(value.value) * weight for value, weight in zip(values, weights)) / sum(weights)
