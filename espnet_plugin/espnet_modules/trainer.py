"""ESPnet's trainer with our steps, a progress bar, and checkpoints that a kill cannot break."""

import argparse
import contextlib
import dataclasses
import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from espnet2.schedulers.abs_scheduler import AbsBatchStepScheduler
from espnet2.torch_utils.device_funcs import to_device
from espnet2.train.reporter import Reporter, SubReporter
from espnet2.train.trainer import Trainer, TrainerOptions
from espnet2.utils.build_dataclass import build_dataclass
from tqdm.contrib.logging import logging_redirect_tqdm

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.checkpoint import atomic_saves, is_whole, recover, with_durations
from espnet_plugin.espnet_modules.invalid_batches import LIST, InvalidBatches
from espnet_plugin.training.player import Player
from espnet_plugin.training.processes import Processes
from espnet_plugin.training.progress import TrainingProgress
from espnet_plugin.training.training_step import StepResult, TrainingStep, evaluate

#: Options of ESPnet's trainer that these steps would silently ignore.
_NOT_FOLLOWED = ("grad_noise", "sharded_ddp", "no_forward_run", "create_graph_in_tensorboard", "use_adapter")


@dataclasses.dataclass
class RestorationOptions(TrainerOptions):
    """What the trainer reads of the configuration."""

    max_invalid_steps: int


class SafeTrainer:
    """Mix-in for ``Trainer`` and its subclasses: progress, atomic checkpoints, recovery, invalid batches.

    ESPnet's classes keep the epochs, schedulers, reports, checkpoints and averages. What happens within an
    epoch is ours, for one optimiser or two: see ``TrainingStep``.
    """

    options_class: type[TrainerOptions] = RestorationOptions

    _progress: TrainingProgress | None = None
    _invalid: InvalidBatches
    _train_loss: float = math.nan

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--max_invalid_steps`` to the options of ESPnet's trainer."""
        super().add_arguments(parser)
        parser.add_argument(
            "--max_invalid_steps",
            type=int,
            default=10,
            help="Stop after so many steps in a row with NaN or Inf; fewer are skipped and listed.",
        )

    @classmethod
    def build_options(cls, args: argparse.Namespace) -> TrainerOptions:
        """The trainer's part of all options.

        Raises:
            UserError: an option that cannot be followed.
        """
        for name in _NOT_FOLLOWED:
            if getattr(args, name, False):
                raise UserError(f"'{name}' is not used in this training; remove it")
        if args.use_amp and args.ngpu > 0 and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise UserError("use_amp needs a GPU that computes in bfloat16; set 'use_amp: false'")
        return build_dataclass(cls.options_class, args)

    @classmethod
    def run(cls, *, trainer_options: Any, distributed_option: Any, **others: Any) -> None:
        """Train; arguments as in ESPnet's ``Trainer.run``, by keyword."""
        processes = Processes()
        folder = Path(trainer_options.output_dir)
        cls._invalid = InvalidBatches(
            trainer_options.max_invalid_steps, folder / LIST if processes.leads else None
        )
        with contextlib.ExitStack() as during_the_run:
            during_the_run.enter_context(atomic_saves())
            if processes.leads:
                cls._progress = TrainingProgress(trainer_options.max_epoch)
                during_the_run.callback(setattr, cls, "_progress", None)
                if cls._progress.on_terminal:
                    during_the_run.enter_context(logging_redirect_tqdm())
                if trainer_options.resume:
                    cls._say(recover(folder))
            processes.gather(None)  # nobody looks for a checkpoint that is being repaired
            super().run(trainer_options=trainer_options, distributed_option=distributed_option, **others)
        if processes.count > 1:
            torch.distributed.destroy_process_group()

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
        if Processes().leads and not is_whole(epoch_file):
            torch.save(states["model"], epoch_file)
        logging.info(f"resumed from {path} after epoch {reporter.get_epoch()}")

    @classmethod
    def players(
        cls, optimizers: Sequence[torch.optim.Optimizer], schedulers: Sequence[Any], options: Any
    ) -> list[Player]:
        """The generator and, where there is a second optimiser, the discriminators."""
        (optimizer,), (scheduler,) = optimizers, schedulers
        return [player_of(optimizer, scheduler, options.grad_clip, options)]

    @classmethod
    def is_adversarial(cls, steps_done: int, options: Any) -> bool:
        """Whether the discriminators take part in the next step."""
        return False

    @classmethod
    def train_one_epoch(
        cls,
        *,
        model: torch.nn.Module,
        iterator: Iterable,
        optimizers: Sequence[torch.optim.Optimizer],
        schedulers: Sequence[Any],
        reporter: SubReporter,
        summary_writer: Any,
        options: Any,
        **others: Any,
    ) -> bool:
        """One epoch of training; arguments as in ESPnet's trainers, by keyword.

        Returns:
            False: an epoch without a valid step does not end the training silently, as ESPnet would have it.

        Raises:
            UserError: too many invalid steps.
        """
        model.train()
        processes = Processes()
        players = cls.players(optimizers, schedulers, options)
        learn = TrainingStep(_inner(model), *players, processes=processes, bfloat16=options.use_amp)
        log_interval = options.log_interval or _log_interval(iterator, options.accum_grad)
        watched = _watch(cls._progress, iterator, reporter)
        cls._invalid.begin_epoch()
        step, asked_s = 0, time.perf_counter()
        for step, group in enumerate(processes.groups(watched, options.accum_grad), 1):
            began_s = time.perf_counter()
            result = learn(_on_device(group, options.ngpu), cls.is_adversarial(reporter.total_count, options))
            cls._report(result, reporter, step)
            rates = {
                f"optim{i}_lr{j}": group["lr"]
                for i, optimizer in enumerate(optimizers)
                for j, group in enumerate(optimizer.param_groups)
            }
            now_s = time.perf_counter()
            times = {"iter_time": began_s - asked_s, "step_time": now_s - began_s}
            reporter.register({**rates, **times, "train_time": now_s - asked_s})
            asked_s = now_s
            reporter.next()
            if step % log_interval == 0:
                logging.info(reporter.log_message(-log_interval))
                if summary_writer is not None:
                    reporter.tensorboard_add_scalar(summary_writer, -log_interval)
                if options.use_wandb:
                    reporter.wandb_log()
        cls._invalid.check_epoch(step)
        skipped = cls._invalid.in_epoch
        if skipped:
            cls._say(f"epoch {reporter.get_epoch()}: {skipped} of {step} steps skipped, see {LIST}")
        cls._train_loss = _mean_loss(reporter)
        return False

    @classmethod
    @torch.no_grad()
    def validate_one_epoch(
        cls, *, model: torch.nn.Module, iterator: Iterable, reporter: SubReporter, options: Any, **others: Any
    ) -> None:
        """One pass over the validation set; arguments as in ESPnet's trainers, by keyword."""
        model.eval()
        processes = Processes()
        watched = _watch(cls._progress, iterator, reporter, "validation")
        for step, group in enumerate(processes.groups(watched, 1, to_the_end=True), 1):
            result = evaluate(_inner(model), _on_device(group, options.ngpu), processes, options.use_amp)
            if result.invalid:
                cls._invalid.record_validation(reporter.get_epoch(), step, result.invalid)
            else:
                reporter.register(result.values, result.items)
                reporter.next()
        if cls._progress is not None:
            cls._progress.epoch_done(reporter.get_epoch(), cls._train_loss, _mean_loss(reporter))

    @classmethod
    def _report(cls, result: StepResult, reporter: SubReporter, step: int) -> None:
        reporter.register({"skipped": float(bool(result.invalid))})
        if result.invalid:
            cls._invalid.found(reporter.get_epoch(), step, result.reason, result.invalid)
        else:
            cls._invalid.passed()
            reporter.register(result.values, result.items)

    @classmethod
    def _say(cls, message: str | None) -> None:
        if message and cls._progress is not None:
            logging.warning(message)
            cls._progress.say(message)


class RestorationTrainer(SafeTrainer, Trainer):
    """Trainer for one optimiser."""


def player_of(optimizer: torch.optim.Optimizer, scheduler: Any, clip: float, options: Any) -> Player:
    """One side of the training; ESPnet itself steps schedulers that change at the end of an epoch."""
    after_update = scheduler.step if isinstance(scheduler, AbsBatchStepScheduler) else None
    return Player(optimizer, clip, options.grad_clip_type, after_update)


def _inner(model: torch.nn.Module) -> torch.nn.Module:
    # ESPnet wraps the model for several processes; what the wrapper does is done by Processes.
    if isinstance(model, torch.nn.DataParallel):
        raise UserError("several GPUs need one process each; set '--multiprocessing_distributed true'")
    return getattr(model, "module", model)


def _on_device(batches: Iterable, ngpu: int) -> list:
    device = "cuda" if ngpu > 0 else "cpu"
    return [(ids, to_device(batch, device)) for ids, batch in batches]


def _log_interval(iterator: Iterable, accumulated: int) -> int:
    try:
        return max(len(iterator) // accumulated // 20, 10)
    except TypeError:
        return 100


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
