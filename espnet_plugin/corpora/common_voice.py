"""Common Voice 19.0: sentences read by the crowd, in five languages."""

from collections.abc import Iterator
from csv import QUOTE_NONE, DictReader
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, VALIDATION, Corpus, Item, audio_files, table

LANGUAGES = {"de": "deu", "en": "eng", "es": "spa", "fr": "fra", "zh-CN": "zho"}
RELEASE = "cv-corpus-19.0-2024-09-13"


def find(folder: Path) -> Iterator[Item]:
    """``cv-corpus-19.0-2024-09-13/LANGUAGE/clips/common_voice_de_17300556.mp3`` and its tables.

    ``train.tsv`` is for training (with ``other.tsv`` for zh-CN), ``dev.tsv`` for validation. The clips may
    lie in sub-folders of ``clips``. A clip that a table names and that is not there is passed over.
    """
    for language, code in LANGUAGES.items():
        root = next((r for r in (folder / RELEASE / language, folder / language) if r.is_dir()), None)
        if root is None:
            continue
        clips = {path.name: path for path in audio_files(root / "clips", ".mp3")}
        tables = {"train": TRAIN, "dev": VALIDATION}
        if language == "zh-CN":
            tables = {"train": TRAIN, "other": TRAIN, "dev": VALIDATION}
        for name, split in tables.items():
            lines = table(root / f"{name}.tsv", f"common_voice {language}").split("\n")
            # Quotation marks are part of the sentences, and so are some characters that splitlines splits at.
            for row in DictReader(lines, delimiter="\t", quoting=QUOTE_NONE):
                path = clips.get(row["path"])
                if path is not None:
                    speaker, text = f"cv11_{row['client_id']}", " ".join((row["sentence"] or "").split())
                    yield Item(path.stem, path, split, speaker, text, code)


CORPUS = Corpus(
    name="common_voice",
    kind="speech",
    licence="CC0",
    size="421 GB",
    source="https://commonvoice.mozilla.org/datasets (19.0: de, en, es, fr, zh-CN; asks for a mail address)",
    layout=f"{RELEASE}/{{de,en,es,fr,zh-CN}}/clips/*.mp3",
    find=find,
    languages=tuple(LANGUAGES.values()),
    bandwidths="commonvoice/*.json.gz",
    bandwidths_select=True,
)
