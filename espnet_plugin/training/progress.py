"""Progress of a training run: a bar on a terminal, few plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from tqdm import tqdm


def in_words(duration_s: float) -> str:
    """A duration as ``50 s``, ``12 min`` or ``3 h 05 min``."""
    if duration_s < 90:
        return f"{duration_s:.0f} s"
    minutes = round(duration_s / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class TrainingProgress:
    """Shows epoch, step, loss and the time that is left.

    Args:
        epochs: number of the last epoch.
        stream: where to write; standard error as the process started with it by default, so that a log that
            replaces ``sys.stderr`` does not swallow the bar.
        interval_s: least time between two plain lines within an epoch.
        clock: a function that returns seconds.
    """

    def __init__(
        self,
        epochs: int,
        stream: TextIO | None = None,
        interval_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.epochs = epochs
        self.stream = stream or sys.__stderr__
        self.interval_s = interval_s
        self.clock = clock
        self.on_terminal = bool(getattr(self.stream, "isatty", lambda: False)())
        self._first_epoch: int | None = None
        self._start_s = self._last_line_s = clock()
        self._best: float | None = None

    def steps(
        self, batches: Iterable, epoch: int, loss: Callable[[], float | None], label: str = ""
    ) -> Iterable:
        """The same batches, with the progress shown while they are consumed.

        Args:
            batches: an iterable with a length, if it has one.
            epoch: number of this epoch, from 1.
            loss: returns the latest loss, or None before the first one.
            label: what is done with the batches if it is not training.
        """
        return _Steps(self, batches, epoch, loss, label)

    def time_left_s(self, epoch: int, fraction: float) -> float | None:
        """Estimated time to the end of the last epoch, from the pace since the start of this run."""
        if self._first_epoch is None:
            return None
        done = epoch - self._first_epoch + fraction
        if done <= 0:
            return None
        total = self.epochs - self._first_epoch + 1
        return (self.clock() - self._start_s) / done * (total - done)

    def epoch_done(self, epoch: int, train_loss: float, valid_loss: float) -> None:
        """One line for a finished epoch."""
        better = self._best is None or valid_loss < self._best
        self._best = valid_loss if better else self._best
        left = self.time_left_s(epoch, 1.0)
        ending = f", {in_words(left)} left" if left and epoch < self.epochs else ""
        mark = " (best so far)" if better else ""
        self.say(f"epoch {epoch}/{self.epochs}: train {train_loss:.4f}, valid {valid_loss:.4f}{mark}{ending}")

    def say(self, line: str) -> None:
        """One line above the bar."""
        self._last_line_s = self.clock()
        if self.on_terminal:
            tqdm.write(line, file=self.stream)
        else:
            print(line, file=self.stream, flush=True)

    def _begin(self, epoch: int) -> None:
        if self._first_epoch is None:
            self._first_epoch = epoch
            self._start_s = self._last_line_s = self.clock()

    def _line_is_due(self) -> bool:
        return self.clock() - self._last_line_s >= self.interval_s


class _Steps:
    """Iterable with a length: ESPnet's trainer asks for it to choose its logging interval."""

    def __init__(
        self, progress: TrainingProgress, batches: Iterable, epoch: int, loss: Callable, label: str
    ) -> None:
        self.progress = progress
        self.batches = batches
        self.epoch = epoch
        self.loss = loss
        self.label = label

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator:
        progress = self.progress
        progress._begin(self.epoch)
        try:
            total = len(self.batches)
        except TypeError:
            total = None
        name = f"epoch {self.epoch}/{progress.epochs}" + (f" {self.label}" if self.label else "")
        hidden = not progress.on_terminal
        with tqdm(total=total, desc=name, file=progress.stream, leave=False, disable=hidden) as bar:
            for step, batch in enumerate(self.batches):
                yield batch
                # Back from the consumer: this step is done.
                bar.set_postfix_str(self._status(step + 1, total), refresh=False)
                bar.update()
                if not progress.on_terminal and progress._line_is_due():
                    count = f"{step + 1}/{total}" if total else f"{step + 1}"
                    progress.say(f"{name}: step {count}, {self._status(step + 1, total)}")

    def _status(self, step: int, total: int | None) -> str:
        parts = []
        loss = self.loss()
        if loss is not None:
            parts.append(f"loss {loss:.4f}")
        # Validation is short against training, so only training steps move the estimate.
        left = self.progress.time_left_s(self.epoch, step / total) if total and not self.label else None
        if left is not None:
            parts.append(f"{in_words(left)} left")
        return ", ".join(parts)
