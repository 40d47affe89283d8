"""The challenge's own lists of the utterances it uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION
from espnet_plugin.errors import UserError

TRAIN_LIST = "train_urgent2026"
SELECTION_LIST = "train_selected_700h"  # the above without the corpora that are new in 2026
VALIDATION_LIST = "validation_selected"
NEW_CORPORA = ("esd", "nnces", "seniortalk", "vocalset")


@dataclass(frozen=True)
class IdLists:
    """The lists, as far as at hand.

    Attributes:
        train: ids for training; None: all are taken.
        validation: ids for validation; None: they are chosen by a hash of the id.
        whole: corpora of which everything is for training although ``train`` does not name it.
    """

    train: frozenset[str] | None = None
    validation: frozenset[str] | None = None
    whole: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether they say of every utterance what it is for, so that no quality check is needed."""
        return self.train is not None and self.validation is not None

    def split_of(self, uid: str) -> str | None:
        """The split of an id that a list names; None for others."""
        if uid in (self.validation or ()):
            return VALIDATION
        return TRAIN if uid in (self.train or ()) else None

    def holds_train(self, corpus: str, uid: str) -> bool:
        """Whether an utterance for training is used."""
        return self.train is None or corpus in self.whole or uid in self.train


def read_id_lists(folder: Path | None) -> IdLists:
    """Read the lists out of the folder ``meta`` of the challenge's repository.

    Args:
        folder: holds ``train_urgent2026`` or ``train_selected_700h``, and ``validation_selected``; each may
            be missing. None: no lists.

    Raises:
        UserError: no such folder, or none of the lists in it.
    """
    if folder is None:
        return IdLists()
    names = (TRAIN_LIST, SELECTION_LIST, VALIDATION_LIST)
    train, selection, validation = (_read(folder / name) for name in names)
    if train is None and selection is None and validation is None:
        raise UserError(f"{folder} holds none of {', '.join(names)}; name the folder meta of the challenge")
    if train is not None or selection is None:
        return IdLists(train, validation)
    return IdLists(selection, validation, NEW_CORPORA)


def _read(path: Path) -> frozenset[str] | None:
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line.strip())
