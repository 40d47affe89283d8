"""SeniorTalk: Mandarin of speakers above 75 years."""

from collections.abc import Iterator
from pathlib import Path

from espnet_plugin.corpora.corpus import TRAIN, Corpus, Item, audio_files, inner_folder, without_brackets


def find(folder: Path) -> Iterator[Item]:
    """``sentence_data/wav/train/**/*.wav``: the single sentences, whose archives lie in the same folder.

    Only the training part is used, for training. Its dialogues and its own dev and test parts are not.
    """
    root = inner_folder(folder, "SeniorTalk") / "sentence_data" / "wav" / "train"
    for path in audio_files(root):
        yield Item(without_brackets(path.stem), path, TRAIN, language="zho")


CORPUS = Corpus(
    name="seniortalk",
    kind="speech",
    licence="CC BY-NC-SA 4.0",
    size="about 10 GB",
    source="https://huggingface.co/datasets/BAAI/SeniorTalk (git-lfs; extract sentence_data/wav/train/*.tar)",
    layout="sentence_data/wav/train/**/*.wav",
    find=find,
    languages=("zho",),
)
