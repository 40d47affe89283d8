"""Batches of one sampling rate each, others in every epoch."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.random_stream import random_stream


class RateBatches:
    """A batch sampler for ESPnet's iterators: which utterances go together depends on a seed alone.

    Args:
        uids: the utterances.
        rate_of: id -> rate in Hz.
        batch_size: of all processes together; the rest of each rate makes a smaller batch.
        shuffle: others in every epoch; else always the same.
        drop_last: leave smaller batches out.
        part: (k, n) gives the share of process k of n in each batch; smaller batches than n are left out.

    Raises:
        UserError: the rate of an utterance is not known, or no batch is left.
    """

    def __init__(
        self,
        uids: Sequence[str],
        rate_of: Mapping[str, int],
        batch_size: int,
        shuffle: bool = True,
        drop_last: bool = False,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._uids: dict[int, list[str]] = {}
        for uid in sorted(uids):
            if uid not in rate_of:
                raise UserError(f"the rate of {uid} is not in utt2fs; run stage 3 again")
            self._uids.setdefault(rate_of[uid], []).append(uid)
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._fewest = batch_size if drop_last else part[1]
        self._part = part
        if batch_size < part[1]:
            raise UserError(f"batch_size is {batch_size}; with {part[1]} processes take at least {part[1]}")
        if len(self) == 0:
            raise UserError(f"no rate has {self._fewest} utterances; take a smaller batch_size")

    def __len__(self) -> int:
        return sum(1 for _ in self._slices())

    def generate(self, seed: int) -> list[tuple[str, ...]]:
        """The batches of one epoch, rate by rate; ESPnet shuffles their order."""
        ordered = {rate_hz: self._ordered(rate_hz, seed) for rate_hz in self._uids}
        k, n = self._part
        return [tuple(ordered[rate_hz][first:last][k::n]) for rate_hz, first, last in self._slices()]

    def _ordered(self, rate_hz: int, seed: int) -> list[str]:
        uids = self._uids[rate_hz]
        if not self._shuffle:
            return uids
        return [uids[place] for place in random_stream(seed, "batches", rate_hz).permutation(len(uids))]

    def _slices(self) -> Iterator[tuple[int, int, int]]:
        for rate_hz in sorted(self._uids):
            count = len(self._uids[rate_hz])
            for first in range(0, count, self._batch_size):
                last = min(first + self._batch_size, count)
                if last - first >= self._fewest:
                    yield rate_hz, first, last


def read_rates(data: Sequence[Sequence[str]]) -> dict[str, int]:
    """The rates that a training was given.

    Args:
        data: file, name and type of each list, as in ESPnet's ``*_data_path_and_name_and_type``.

    Raises:
        UserError: there is no list named ``fs``.
    """
    path = next((Path(entry[0]) for entry in data if entry[1] == "fs"), None)
    if path is None:
        keys = "batch_by_rate and lowest_rate_hz need"
        raise UserError(f"{keys} the rates of the recordings (utt2fs); run stage 3")
    pairs = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {uid: int(rate_hz) for uid, rate_hz in pairs}
