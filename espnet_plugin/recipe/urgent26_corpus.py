"""Stage 1 for the challenge's corpora: from the user's downloads to lists for train, valid and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.corpora.bandwidth import RATES_HZ, read_bandwidths
from espnet_plugin.corpora.catalogue import CORPORA
from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, Source
from espnet_plugin.corpora.id_lists import IdLists, read_id_lists
from espnet_plugin.corpora.lists import (
    WIND,
    write_corpus_folder,
    write_evaluation_lists,
    write_train_lists,
)
from espnet_plugin.corpora.prepare import prepare
from espnet_plugin.corpora.splits import sets_of_speech
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.links import without_blanks
from espnet_plugin.recipe.names import OWN_SETS
from espnet_plugin.recipe.stage import Stage, fingerprint
from espnet_plugin.simulation.challenge.wind_noise import LIST_FILE, generate
from espnet_plugin.simulation.sources import read_sources

LEFT_OUT_FILE = "left_out.tsv"
MISSING_FILE = "missing.tsv"
WIND_FILES = 200  # per rate, as in the challenge
WIND_S = 15.0


@dataclass(frozen=True)
class Downloads:
    """What the user has of the challenge's data.

    Attributes:
        folders: corpus name -> extracted download.
        id_lists: folder ``meta`` of the challenge's repository, or None.
        bandwidths: folder ``datafiles`` of the challenge's 2025 repository, or None.
    """

    folders: Mapping[str, Path]
    id_lists: Path | None = None
    bandwidths: Path | None = None


def prepare_urgent26(
    corpus_dir: Path,
    data_dir: Path,
    downloads: Downloads,
    allow_missing: bool = False,
    wind_files: int = WIND_FILES,
    seed: int = 0,
    processes: int = 1,
    force: bool = False,
    part: tuple[int, int] | None = None,
) -> None:
    """Prepare all corpora and write the lists.

    Args:
        corpus_dir: gets a folder of lists per set, the resampled files, and journals from which an
            interrupted call continues. Finished files are kept even with `force`, as long as their sources
            stay the same.
        data_dir: gets ``train_sources``, ``tmp/validation`` and ``tmp/test`` with the challenge's names.
        downloads: where the corpora are.
        allow_missing: go on without the corpora that have no folder; they are listed in ``missing.tsv``.
        wind_files: wind noises of 15 s to be made for each rate for training; half as many for validation.
        seed: of the wind.
        processes: workers.
        force: write the lists again.
        part: (k, n) prepares the k-th of n shares of the files, from 1, and writes no list; a call without a
            part comes after all.

    Raises:
        UserError: a corpus is missing, a folder is wrong, or nothing can be used.
    """
    present = {name: corpus for name, corpus in CORPORA.items() if name in downloads.folders}
    for name in downloads.folders:
        if name not in CORPORA:
            raise UserError(f"there is no corpus {name}; known: {', '.join(CORPORA)}")
    missing = [corpus for corpus in CORPORA.values() if corpus.name not in present]
    if part is not None and not 1 <= part[0] <= part[1]:
        raise UserError(f"there is no job {part[0]} of {part[1]}; jobs count from 1")
    _report_missing(corpus_dir / MISSING_FILE, missing, allow_missing)
    for kind in ("speech", "noise"):
        if not any(corpus.kind == kind for corpus in present.values()):
            raise UserError(f"no corpus of {kind} is there; name at least one in db.sh")
    ids = read_id_lists(downloads.id_lists)
    inputs = "\n".join(
        [
            *(f"{name} {downloads.folders[name].resolve()}" for name in present),
            f"{downloads.bandwidths} {downloads.id_lists} {wind_files} {seed}",
            fingerprint(downloads.id_lists.iterdir() if downloads.id_lists else ()),
        ]
    )
    stage = Stage(corpus_dir, "corpus", {"corpus": "urgent26"}, inputs, force)
    if stage.finished():
        print(f"{corpus_dir}: {stage.summary['text']} (already done)")
        return
    if part is not None:
        for corpus in present.values():
            _prepare_corpus(corpus, corpus_dir, downloads, ids, processes, part)
        return
    stage.start()
    sets: dict[str, dict[str, list[Source]]] = {
        name: {kind: [] for kind in ("speech", "noise", "rir", WIND)} for name in OWN_SETS
    }
    left_out: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for name, corpus in present.items():
        shares, problems = _prepare_corpus(corpus, corpus_dir, downloads, ids, processes)
        left_out += [(name, uid, problem) for uid, problem in problems.items()]
        links = corpus_dir / "links" / name
        for source, where in shares:
            listed = _listable(source, taken, links)
            for set_name in where:
                sets[set_name][corpus.kind].append(listed)
    for name, winds in _winds(corpus_dir / "wind", wind_files, seed, force).items():
        sets[name][WIND] = winds
    _check(sets)
    _write(corpus_dir, data_dir, sets)
    write_text(corpus_dir / LEFT_OUT_FILE, "".join("\t".join(row) + "\n" for row in left_out))
    text = ", ".join(
        f"{name}: {len(parts['speech'])} utterances ({_hours(parts['speech']):.1f} h), "
        f"{len(parts['noise'])} noises"
        for name, parts in sets.items()
    )
    if left_out:
        text += f"; {len(left_out)} files left out, see {corpus_dir / LEFT_OUT_FILE}"
    stage.finish({"text": text})
    print(f"{corpus_dir}: {text}")


def _prepare_corpus(
    corpus: Corpus,
    corpus_dir: Path,
    downloads: Downloads,
    ids: IdLists,
    processes: int,
    part: tuple[int, int] | None = None,
) -> tuple[list[tuple[Source, tuple[str, ...]]], dict[str, str]]:
    """The usable files of one corpus, each with the sets it belongs to, and why others cannot be used."""
    bandwidths = read_bandwidths(downloads.bandwidths, corpus.bandwidths)
    items = list(corpus.items(Path(downloads.folders[corpus.name])))
    if corpus.bandwidths_select and bandwidths:
        items = [item for item in items if item.path.stem in bandwidths]
    checks = () if ids.complete else corpus.checks
    if corpus.kind == "speech":
        wanted = sets_of_speech(corpus.name, items, ids)
        items = [item for item in items if item.uid in wanted]
    sources, problems = prepare(corpus, items, corpus_dir, bandwidths, checks, processes, part)
    splits = corpus.split(sources) if corpus.split else {}
    usable = [source.item for source in sources]
    if corpus.kind == "speech":
        set_of = sets_of_speech(corpus.name, usable, ids, splits)
        return [(source, (set_of[source.uid],)) for source in sources if source.uid in set_of], problems
    return [(source, _sets_of_noise(source.item, splits, corpus.kind)) for source in sources], problems


def _winds(folder: Path, files: int, seed: int, force: bool) -> dict[str, list[Source]]:
    """Wind noises per set, made where they are not there yet."""
    if files == 0:
        return {}
    winds = {}
    for part, count in ((TRAIN, files), (VALIDATION, (files + 1) // 2)):
        # Another seed, so that no wind is in both parts.
        generate(folder / part, RATES_HZ, count, WIND_S, 2 * seed + (part == VALIDATION), force)
        winds[part] = [
            Source(Item(uid, source.path), WIND, source.path, source.rate_hz, round(WIND_S * source.rate_hz))
            for uid, source in read_sources(folder / part / LIST_FILE).items()
        ]
    return {"train": winds[TRAIN], "valid": winds[VALIDATION], "test": winds[VALIDATION]}


def _sets_of_noise(item: Item, splits: Mapping[str, str], kind: str) -> tuple[str, ...]:
    """The challenge has noises for training and validation, and the same rooms for both."""
    if kind == "rir":
        return OWN_SETS
    return ("valid", "test") if (item.split or splits.get(item.uid)) == VALIDATION else ("train",)


def _listable(source: Source, taken: set[str], links: Path) -> Source:
    """The source with an id of its own and a path without blanks."""
    uid = source.uid if source.uid not in taken else f"{source.corpus}_{source.uid}"
    taken.add(uid)
    path = without_blanks(source.path, links / uid)
    return replace(source, item=replace(source.item, uid=uid), path=path)


def _check(sets: dict[str, dict[str, list[Source]]]) -> None:
    """No set without speech or noise: valid and test take what the set before them has."""
    if not sets["train"]["speech"] or not sets["train"]["noise"]:
        raise UserError("no speech or no noise is left for training; see left_out.tsv, and name more corpora")
    for name, before in (("valid", "train"), ("test", "valid")):
        for kind in ("speech", "noise"):
            if not sets[name][kind]:
                print(f"no {kind} for the set {name}; it takes that of {before}")
                sets[name][kind] = sets[before][kind]


def _write(corpus_dir: Path, data_dir: Path, sets: dict[str, dict[str, list[Source]]]) -> None:
    for name, parts in sets.items():
        write_corpus_folder(corpus_dir / name, parts)
    write_train_lists(data_dir / "train_sources", sets["train"])
    write_evaluation_lists(data_dir / "tmp" / "validation", "validation", sets["valid"])
    write_evaluation_lists(data_dir / "tmp" / "test", "test", sets["test"])


def _report_missing(path: Path, missing: list[Corpus], allow_missing: bool) -> None:
    if not missing:
        path.unlink(missing_ok=True)
        return
    lines = ["variable\tkind\tsize\tlicence\tsource"]
    lines += [f"{c.variable}\t{c.kind}\t{c.size}\t{c.licence}\t{c.source}" for c in missing]
    write_text(path, "\n".join(lines) + "\n")
    print(f"{len(missing)} of {len(CORPORA)} corpora are not named in db.sh:")
    for corpus in missing:
        print(f"  {corpus.variable}: {corpus.kind}, {corpus.size}, {corpus.licence}; {corpus.source}")
    if not allow_missing:
        names = ", ".join(corpus.variable for corpus in missing)
        raise UserError(
            f"{len(missing)} corpora are missing ({names}), see {path}; name them in db.sh, or add "
            "--allow_missing true to go on without them"
        )


def _hours(sources: list[Source]) -> float:
    return sum(source.samples / source.rate_hz for source in sources) / 3600
