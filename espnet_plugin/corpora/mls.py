"""Multilingual LibriSpeech, collected anew with less compression: audiobooks."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files

LANGUAGES = {"english": "eng", "french": "fra", "german": "deu", "spanish": "spa"}
SUFFIXES = (".flac", ".wav", ".ogg", ".opus", ".mp3")


def find(folder: Path) -> Iterator[Item]:
    """``german/train*/audio/SPEAKER/BOOK/SPEAKER_BOOK_SEGMENT.flac``; or ``mls_german`` for ``german``.

    How deep the files lie does not matter. Transcripts are those of the original corpus:
    ``german/train/transcripts.txt``, one id and text per line, separated by a tab.
    """
    for language, code in LANGUAGES.items():
        for root in (folder / language, folder / f"mls_{language}"):
            for part in sorted(root.glob("*")) if root.is_dir() else []:
                split = TRAIN if part.name.startswith("train") else VALIDATION
                if not part.is_dir() or not part.name.startswith(("train", "dev")):
                    continue
                texts = _transcripts(root, "train" if split == TRAIN else "dev")
                for path in audio_files(part, *SUFFIXES):
                    text = texts.get(path.stem, "")
                    speaker = path.stem.split("_")[0]
                    yield Item(f"mls_{language}_{path.stem}", path, split, speaker, text, code)


def _transcripts(root: Path, part: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(root.glob(f"{part}*/transcripts.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        texts.update((uid, text.strip()) for uid, _, text in (line.partition("\t") for line in lines))
    return texts


CORPUS = Corpus(
    name="mls",
    kind="speech",
    licence="CC0",
    size="120 GB",
    source="https://huggingface.co/datasets/kohei0209/mls_hq_urgent_track1 (train), kohei0209/mls_hq (dev)",
    layout="{german,french,spanish,english}/{train*,dev*}/**/*.flac",
    find=find,
    languages=tuple(LANGUAGES.values()),
    bandwidths="mls/*.json.gz",
    bandwidths_select=True,
)
