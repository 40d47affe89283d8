"""The lists of prepared files: under the challenge's names, and as one corpus folder per set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.corpora.corpus import Source
from espnet_plugin.simulation.challenge.fresh_mixer import WIND_LIST
from espnet_plugin.simulation.meta import NO_TEXT
from espnet_plugin.simulation.report.origin import CORPUS_LIST, LANGUAGE_LIST
from espnet_plugin.simulation.sources import (
    NOISE_LIST,
    RESPONSE_LIST,
    SPEAKER_LIST,
    SPEECH_LIST,
    TEXT_LIST,
)

#: Part of a set: name of its list in a corpus folder.
WIND = "wind"
LIST_OF_KIND = {"speech": SPEECH_LIST, "noise": NOISE_LIST, "rir": RESPONSE_LIST, WIND: WIND_LIST}

#: Sources of one set: kind (of `LIST_OF_KIND`) -> files in the order of their lists.
Set = Mapping[str, Sequence[Source]]


def write_corpus_folder(folder: Path, sources: Set) -> None:
    """Write what the simulations of this package read of one set.

    Args:
        folder: gets ``speech.scp``, ``noise.scp``, ``wind_noise.scp`` and ``rirs.scp`` (id, rate, path),
            ``utt2spk``, ``text``, ``utt2lang`` and ``utt2corpus``.
    """
    for kind, name in LIST_OF_KIND.items():
        write_text(folder / name, _paths(sources[kind]))
    speech = sources["speech"]
    write_text(folder / SPEAKER_LIST, _column((s.uid, s.item.speaker or s.uid) for s in speech))
    write_text(folder / TEXT_LIST, _column((s.uid, s.item.text or NO_TEXT) for s in speech))
    _write_origins(folder, speech)


def write_train_lists(folder: Path, sources: Set) -> None:
    """Write the training lists with the names, spelling and columns of section B.1.

    Speakers are the utterances themselves and the text is empty, as in the challenge.

    Args:
        folder: ``data/train_sources``.
    """
    speech = sources["speech"]
    write_text(folder / "speech_sources.scp", _paths(speech))
    write_text(folder / "noise_scoures.scp", _paths(sources["noise"]))
    write_text(folder / "wind_noise_scoures.scp", _paths(sources[WIND]))
    write_text(folder / "rirs.scp", _paths(sources["rir"]))
    write_text(folder / "source_length.scp", _column((s.uid, str(s.samples)) for s in speech))
    for name in ("utt2spk", "spk2utt"):
        write_text(folder / name, _column((s.uid, s.uid) for s in speech))
    write_text(folder / "text", "")
    _write_origins(folder, speech)


def write_evaluation_lists(folder: Path, name: str, sources: Set) -> None:
    """Write the lists of a set that is simulated once, in the same way.

    Args:
        folder: ``data/tmp/NAME``.
        name: ``validation`` or ``test``; the lists are ``speech_NAME_subset.*``.
    """
    speech = sources["speech"]
    lists = folder / f"speech_{name}_subset"
    write_text(lists.with_suffix(".scp"), _paths(speech))
    write_text(lists.with_suffix(".utt2spk"), _column((s.uid, s.item.speaker or s.uid) for s in speech))
    write_text(lists.with_suffix(".text"), _column((s.uid, s.item.text or NO_TEXT) for s in speech))
    write_text(folder / "noise_scoures.scp", _paths(sources["noise"]))
    write_text(folder / "wind_noise_scoures.scp", _paths(sources[WIND]))
    write_text(folder / "rirs.scp", _paths(sources["rir"]))
    write_text(folder / "source_length.scp", _column((s.uid, str(s.samples)) for s in speech))
    _write_origins(folder, speech)


def _write_origins(folder: Path, speech: Sequence[Source]) -> None:
    """Write languages and corpora, for the data folders and for the report on the set."""
    write_text(folder / LANGUAGE_LIST, _column((s.uid, s.item.language) for s in speech))
    write_text(folder / CORPUS_LIST, _column((s.uid, s.corpus) for s in speech))


def _paths(sources: Iterable[Source]) -> str:
    return "".join(f"{source.uid} {source.rate_hz} {source.path}\n" for source in sources)


def _column(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{key} {value}\n" for key, value in pairs)
