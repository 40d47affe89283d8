"""Stage 3: checked data folders in Kaldi's style, from simulated sets and from users' folders."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.audio.scp import find_audio
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.audio_check import Problem, Shape, check_recordings
from espnet_plugin.recipe.links import without_blanks
from espnet_plugin.recipe.names import OWN_SETS, parse_test_sets
from espnet_plugin.recipe.recordings import Recording, from_corpus, from_folders, from_simulated
from espnet_plugin.recipe.stage import Stage, digest, fingerprint
from espnet_plugin.simulation.draw import META_FILE
from espnet_plugin.simulation.sources import SPEECH_LIST

REJECTED = "rejected.tsv"


def format_data(
    data_dir: str | Path,
    simulated_dir: str | Path,
    corpus_dir: str | Path | None = None,
    extra_tests: Sequence[str] = (),
    skip_bad: bool = False,
    threads: int = 1,
    force: bool = False,
    on_the_fly: bool = False,
) -> None:
    """Make ``data/{train,valid,test}`` from the simulated sets and ``data/<name>`` from users' folders.

    Args:
        data_dir: where the data folders go.
        simulated_dir: holds one simulated set per split.
        corpus_dir: the corpus they came from; gives the languages.
        extra_tests: ``NAME=NOISY_DIR[,CLEAN_DIR]`` each.
        skip_bad: leave unusable files out instead of stopping.
        threads: files read at the same time.
        force: make everything again.
        on_the_fly: the training degrades its speech itself: ``data/train`` lists the clean speech of the
            corpus, once as it is and once as reference.

    Raises:
        UserError: a folder is missing or empty, or holds files that cannot be used.
    """
    data_dir, simulated_dir = Path(data_dir), Path(simulated_dir)
    tests = parse_test_sets(extra_tests)
    for name in OWN_SETS:
        if on_the_fly and name == "train":
            _make_clean_folder(data_dir / name, corpus_dir, skip_bad, threads, force)
            continue
        source = simulated_dir / name
        languages = Path(corpus_dir) / name / "utt2lang" if corpus_dir else None
        meta = source / META_FILE
        if not meta.is_file():
            raise UserError(f"{meta} does not exist; run stage 2 (simulate) first")
        make_data_folder(
            data_dir / name,
            lambda source=source, languages=languages: from_simulated(source, languages),
            source=str(source.resolve()),
            inputs=digest(meta.read_bytes()),
            skip_bad=skip_bad,
            threads=threads,
            force=force,
        )
    for name, (noisy, clean) in tests.items():
        folders = [folder for folder in (noisy, clean) if folder is not None]
        make_data_folder(
            data_dir / name,
            lambda noisy=noisy, clean=clean: from_folders(noisy, clean),
            source=",".join(str(folder.resolve()) for folder in folders),
            inputs=fingerprint(path for folder in folders for path in find_audio(folder).values()),
            skip_bad=skip_bad,
            threads=threads,
            force=force,
        )


def _make_clean_folder(
    folder: Path, corpus_dir: str | Path | None, skip_bad: bool, threads: int, force: bool
) -> None:
    speech = Path(corpus_dir or "") / folder.name / SPEECH_LIST
    if not speech.is_file():
        raise UserError(f"{speech} does not exist; run stage 1 (corpus) first")
    make_data_folder(
        folder,
        lambda: from_corpus(speech.parent),
        source=str(speech.parent.resolve()),
        inputs=digest(speech.read_bytes()),
        skip_bad=skip_bad,
        threads=threads,
        force=force,
    )


def make_data_folder(
    folder: Path,
    find: Callable[[], list[Recording]],
    source: str,
    inputs: str = "",
    skip_bad: bool = False,
    threads: int = 1,
    force: bool = False,
) -> None:
    """Check recordings and list them in one data folder; does nothing where that is done.

    Args:
        folder: the data folder; its name is the name of the set.
        find: gives the recordings; called only where there is work.
        source: where the recordings come from; another source than last time is an error.
        inputs: fingerprint of the source's content; a change of it makes the folder again.
        skip_bad: leave unusable files out instead of stopping.
        threads: files read at the same time.
        force: make it again.

    Raises:
        UserError: files that cannot be used (listed in ``rejected.tsv``), or no file is left.
    """
    stage = Stage(folder, "format", {"source": source}, f"{inputs} skip_bad={skip_bad}", force)
    if stage.finished():
        print(f"{folder.name}: {stage.summary['text']} (already done)")
        return
    recordings = find()
    shapes, problems = check_recordings(recordings, threads, progress=folder.name)
    rejected = folder / REJECTED
    if problems:
        write_text(rejected, "".join(f"{item.id}\t{item.path}\t{item.reason}\n" for item in problems))
        _judge(problems, len(recordings), rejected, skip_bad)
    else:
        rejected.unlink(missing_ok=True)
    stage.start()
    usable = [item for item in recordings if item.id in shapes]
    write_data_folder(folder, usable, shapes)
    text = _summary(usable, shapes, len(problems))
    stage.finish({"text": text, "files": len(usable), "references": usable[0].clean is not None})
    print(f"{folder.name}: {text}")


def write_data_folder(folder: Path, recordings: Sequence[Recording], shapes: Mapping[str, Shape]) -> None:
    """Write the lists of a data folder, each sorted by id.

    Args:
        folder: gets ``wav.scp``, ``spk1.scp`` (where there are references), ``utt2spk``, ``spk2utt``,
            ``text``, ``utt2fs``, ``utt2category``, ``utt2lang`` and ``speech_length.scp``.
        recordings: all with or all without references.
        shapes: id -> size.
    """
    items = sorted(recordings, key=lambda item: item.id)
    links = folder / "links"
    columns: dict[str, dict[str, str]] = {
        "utt2spk": {item.id: (item.speaker or item.id) for item in items},
        "text": {item.id: item.text for item in items},
        "utt2fs": {item.id: str(shapes[item.id].rate_hz) for item in items},
        "utt2category": {
            item.id: f"{shapes[item.id].channels}ch_{shapes[item.id].rate_hz}Hz" for item in items
        },
        "utt2lang": {item.id: item.language for item in items},
        "speech_length.scp": {item.id: str(shapes[item.id].samples) for item in items},
        "wav.scp": {item.id: str(without_blanks(item.noisy, links / "noisy" / item.id)) for item in items},
    }
    if all(item.clean is not None for item in items):
        columns["spk1.scp"] = {
            item.id: str(without_blanks(item.clean, links / "clean" / item.id)) for item in items
        }
    else:
        (folder / "spk1.scp").unlink(missing_ok=True)
    speakers: dict[str, list[str]] = {}
    for identifier, speaker in columns["utt2spk"].items():
        speakers.setdefault(speaker, []).append(identifier)
    columns["spk2utt"] = {speaker: " ".join(speakers[speaker]) for speaker in sorted(speakers)}
    for name, column in columns.items():
        write_text(folder / name, "".join(f"{key} {value}\n" for key, value in column.items()))


def _judge(problems: Sequence[Problem], total: int, rejected: Path, skip_bad: bool) -> None:
    first = problems[0].reason
    if len(problems) == total:
        raise UserError(
            f"none of the {total} files can be used (first: {first}); repair them, all are in {rejected}"
        )
    if not skip_bad:
        raise UserError(
            f"{len(problems)} of {total} files cannot be used (first: {first}); all are in {rejected}; "
            "repair or remove them, or add --skip_bad true to leave them out"
        )
    print(f"left out {len(problems)} of {total} files (first: {first}); all are listed in {rejected}")


def _summary(recordings: Sequence[Recording], shapes: Mapping[str, Shape], left_out: int) -> str:
    seconds = sum(shapes[item.id].samples / shapes[item.id].rate_hz for item in recordings)
    rates = sorted({shapes[item.id].rate_hz for item in recordings})
    channels = sorted({shapes[item.id].channels for item in recordings})
    references = "with references" if recordings[0].clean is not None else "without references"
    return (
        f"{len(recordings)} files, {seconds / 60:.1f} min, {'/'.join(map(str, rates))} Hz, "
        f"{'/'.join(map(str, channels))} channel(s), {references}"
        + (f", {left_out} left out" if left_out else "")
    )
