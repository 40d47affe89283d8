"""How one sequence becomes another: substitutions, deletions, insertions (Levenshtein 1966)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Edits:
    """Counts of one cheapest way from a reference to an estimate.

    Attributes:
        substitutions: elements that were replaced.
        deletions: elements of the reference that the estimate lacks.
        insertions: elements that only the estimate has.
        hits: elements that are equal in both.
    """

    substitutions: int
    deletions: int
    insertions: int
    hits: int

    @property
    def total(self) -> int:
        """The edit distance."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_length(self) -> int:
        return self.substitutions + self.deletions + self.hits


def count_edits(reference: Sequence[Hashable], estimate: Sequence[Hashable]) -> Edits:
    """The fewest edits that turn the reference into the estimate.

    Where several ways cost the same, a pair of elements is kept or substituted rather than deleted and
    inserted, looking from the end; distance and reference length do not depend on this.

    Args:
        reference: what it should be: a string for characters, a list of strings for words.
        estimate: what it is, of the same kind.
    """
    codes: dict[Hashable, int] = {}
    wanted, found = (
        np.array([codes.setdefault(element, len(codes)) for element in sequence], dtype=np.int64)
        for sequence in (reference, estimate)
    )
    cost = np.empty((len(wanted) + 1, len(found) + 1), dtype=np.int32)
    steps = np.arange(len(found) + 1, dtype=np.int32)
    cost[0] = steps
    for row, element in enumerate(wanted, start=1):
        cost[row, 0] = row
        np.minimum(cost[row - 1, :-1] + (found != element), cost[row - 1, 1:] + 1, out=cost[row, 1:])
        # Insertions run along the row: the smallest sum of a cost to the left and the steps from there.
        cost[row] = np.minimum.accumulate(cost[row] - steps) + steps
    substitutions = deletions = insertions = hits = 0
    row, column = len(wanted), len(found)
    while row or column:
        differs = bool(row and column and wanted[row - 1] != found[column - 1])
        if row and column and cost[row, column] == cost[row - 1, column - 1] + differs:
            row, column = row - 1, column - 1
            substitutions += differs
            hits += not differs
        elif row and cost[row, column] == cost[row - 1, column] + 1:
            row -= 1
            deletions += 1
        else:
            column -= 1
            insertions += 1
    return Edits(substitutions, deletions, insertions, hits)
