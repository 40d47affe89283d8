"""What stage 3 starts from: noisy recordings with or without references, and what is known of each."""

from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.audio.scp import find_audio
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.names import list_ids
from espnet_plugin.simulation.draw import META_FILE
from espnet_plugin.simulation.meta import NO_TEXT, NONE, read_meta
from espnet_plugin.simulation.sources import read_corpus

UNKNOWN_LANGUAGE = "und"  # ISO 639-3: undetermined


@dataclass(frozen=True)
class Recording:
    """One noisy recording.

    Args:
        id: without blanks.
        noisy: the audio file.
        clean: the reference; None where there is none.
        speaker: by default the id, which is what Kaldi's tools expect of unknown speakers.
        text: transcript.
        language: ISO 639-3 code.
    """

    id: str
    noisy: Path
    clean: Path | None = None
    speaker: str = ""
    text: str = NO_TEXT
    language: str = UNKNOWN_LANGUAGE


def from_folders(noisy: Path, clean: Path | None = None) -> list[Recording]:
    """The recordings below a folder, each with the reference of the same relative name.

    Args:
        noisy: folder of noisy recordings, searched with its sub-folders.
        clean: folder of references with the same names (suffixes may differ), or None.

    Raises:
        UserError: a folder is missing or empty, names clash, or a recording has no reference.
    """
    noisy_files = list_ids(find_audio(noisy))
    clean_files = list_ids(find_audio(clean)) if clean is not None else {}
    if clean is not None:
        missing = [identifier for identifier in noisy_files if identifier not in clean_files]
        if missing:
            raise UserError(
                f"{len(missing)} of {len(noisy_files)} recordings in {noisy} have no reference of the same "
                f"name in {clean} (first: {missing[0]}); add them, or leave the folder of references out"
            )
    return [
        Recording(identifier, path, clean_files.get(identifier)) for identifier, path in noisy_files.items()
    ]


def from_simulated(folder: Path, languages: Path | None = None) -> list[Recording]:
    """The recordings of a simulated set.

    Args:
        folder: holds ``meta.tsv``, whose paths are relative to it.
        languages: list ``utt2lang`` of the corpus the speech came from, or None.

    Raises:
        UserError: the table is missing, damaged or empty.
    """
    rows = read_meta(folder / META_FILE)
    if not rows:
        raise UserError(f"{folder / META_FILE} lists no file; run stage 2 (simulate) again with --force")
    language_of = _read_two_columns(languages) if languages is not None and languages.is_file() else {}
    return [
        Recording(
            id=row.id,
            noisy=folder / row.noisy_path,
            clean=None if row.clean_path == NONE else folder / row.clean_path,
            speaker=row.speech_sid or row.id,
            text=row.text or NO_TEXT,
            language=language_of.get(row.speech_uid, UNKNOWN_LANGUAGE),
        )
        for row in rows
    ]


def from_corpus(split: Path) -> list[Recording]:
    """The clean speech of one split of a corpus, as recordings that are their own references.

    Raises:
        UserError: a list is missing or cannot be read.
    """
    corpus = read_corpus(split)
    languages = split / "utt2lang"
    language_of = _read_two_columns(languages) if languages.is_file() else {}
    return [
        Recording(
            id=uid,
            noisy=source.path,
            clean=source.path,
            speaker=corpus.speaker_of.get(uid, uid),
            text=corpus.text_of.get(uid) or NO_TEXT,
            language=language_of.get(uid, UNKNOWN_LANGUAGE),
        )
        for uid, source in corpus.speech.items()
    ]


def _read_two_columns(path: Path) -> dict[str, str]:
    pairs = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
