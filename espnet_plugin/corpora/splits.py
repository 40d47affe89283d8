"""Which files of a corpus are for training, for validation and for tests of one's own."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Item, Source
from espnet_plugin.corpora.id_lists import IdLists

VALIDATION_FILES = 200  # per corpus and language, as in the challenge
TEST_FILES = 100  # likewise; the challenge's own test sets are no part of its corpora


def first_speakers(sources: Sequence[Source], count: int) -> dict[str, str]:
    """The speakers who come first in the sorted list of utterances are for validation.

    Returns:
        id -> split.
    """
    ordered = sorted(sources, key=lambda source: source.uid)
    speakers = list(dict.fromkeys(source.item.speaker for source in ordered))
    held_out = set(speakers[:count])
    return {
        source.uid: VALIDATION if source.item.speaker in held_out else TRAIN for source in ordered
    }


def first_eighth_per_rate(sources: Sequence[Source]) -> dict[str, str]:
    """Of the files of each rate, the first eighth in the order of ids is for validation.

    Returns:
        id -> split.
    """
    uids: dict[int, list[str]] = defaultdict(list)
    for source in sources:
        uids[source.rate_hz].append(source.uid)
    splits = {}
    for same_rate in uids.values():
        for position, uid in enumerate(sorted(same_rate)):
            splits[uid] = VALIDATION if position < len(same_rate) // 8 else TRAIN
    return splits


def sets_of_speech(
    corpus: str, items: Iterable[Item], ids: IdLists, splits: Mapping[str, str] | None = None
) -> dict[str, str | None]:
    """Share the speech of one corpus out to the sets train, valid and test.

    What the challenge's id lists name goes where they say. Where they are not at hand, all speech for
    training is taken, and 200 files per language of that for validation. Up to 100 further files for
    validation (at most a third, where there is no list of them) become a test set.

    Args:
        corpus: its name.
        items: its files.
        ids: the challenge's lists, as far as at hand.
        splits: id -> split of the files that have none of their own; None: they are not decided yet.

    Returns:
        id -> ``train``, ``valid``, ``test``, or None where not decided yet; what is not used is not in it.
    """
    chosen: dict[str, str | None] = {}
    validation: dict[str, list[str]] = defaultdict(list)
    for item in items:
        split = item.split
        if split is None:
            split = ids.split_of(item.uid) if ids.complete else (splits or {}).get(item.uid)
        if split is None:
            if splits is None and not ids.complete:
                chosen[item.uid] = None
        elif split == VALIDATION:
            validation[item.language].append(item.uid)
        elif ids.holds_train(corpus, item.uid):
            chosen[item.uid] = "train"
    for uids in validation.values():
        ranked = sorted(uids, key=lambda uid: (zlib.crc32(uid.encode()), uid))
        if ids.validation is None:
            tests = ranked[: min(TEST_FILES, len(ranked) // 3)]
            valid = ranked[len(tests) : len(tests) + VALIDATION_FILES]
        else:
            valid = [uid for uid in ranked if uid in ids.validation]
            tests = [uid for uid in ranked if uid not in ids.validation][:TEST_FILES]
        chosen.update(dict.fromkeys(valid, "valid"))
        chosen.update(dict.fromkeys(tests, "test"))
    return chosen
