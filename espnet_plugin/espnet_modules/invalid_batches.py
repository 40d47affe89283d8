"""Batches that gave NaN or Inf: skipped, counted, named, and too many in a row end the training."""

import logging
from collections.abc import Sequence
from pathlib import Path

from espnet_plugin.errors import UserError

LIST = "invalid_batches.tsv"
_HEADER = "epoch\tstep\twhat\tutterances\n"


class InvalidBatches:
    """Keeps the list of skipped batches.

    Args:
        limit: so many skipped steps in a row end the training.
        path: TSV file to which every skipped step is appended, or None to write none.
    """

    def __init__(self, limit: int, path: Path | None = None) -> None:
        self.limit = limit
        self.path = path
        self.in_epoch = 0
        self._in_a_row: list[Sequence[str]] = []

    def begin_epoch(self) -> None:
        """Count from zero again; steps in a row go on over the end of an epoch."""
        self.in_epoch = 0

    def passed(self) -> None:
        """A step was valid."""
        self._in_a_row.clear()

    def found(self, epoch: int, step: int, what: str, utterances: Sequence[str]) -> None:
        """A step was skipped.

        Args:
            epoch: from 1.
            step: within the epoch, from 1.
            what: which value was not finite.
            utterances: ids of the batch.

        Raises:
            UserError: the last ``limit`` steps were all skipped; names all their utterances.
        """
        self.in_epoch += 1
        self._in_a_row.append(utterances)
        self._record(epoch, step, what, utterances)
        if len(self._in_a_row) >= self.limit:
            raise UserError(self._message())

    def check_epoch(self, steps: int) -> None:
        """To be called after an epoch of ``steps`` steps.

        Raises:
            UserError: none of them was valid.
        """
        if steps and self.in_epoch == steps:
            raise UserError(self._message())

    def record_validation(self, epoch: int, step: int, utterances: Sequence[str]) -> None:
        """A batch of the validation set has no finite loss; it is left out of the mean."""
        self._record(epoch, step, "validation loss", utterances)

    def _record(self, epoch: int, step: int, what: str, utterances: Sequence[str]) -> None:
        listed = " ".join(utterances)
        logging.warning(f"epoch {epoch}, step {step}: {what} is not finite, the batch is skipped: {listed}")
        if self.path is not None:
            is_new = not self.path.exists()
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(f"{_HEADER if is_new else ''}{epoch}\t{step}\t{what}\t{listed}\n")

    def _message(self) -> str:
        ids = dict.fromkeys(identifier for utterances in self._in_a_row for identifier in utterances)
        return (
            f"the last {len(self._in_a_row)} steps gave NaN or Inf (utterances {', '.join(ids)}); "
            "check these recordings, lower the learning rate or limit the gradient (grad_clip)"
        )
