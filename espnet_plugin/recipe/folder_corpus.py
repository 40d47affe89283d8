"""A corpus out of the user's folders: lists only, nothing is copied."""

import zlib
from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

from espnet_plugin.atomic_write import write_text
from espnet_plugin.audio.read import audio_info
from espnet_plugin.audio.scp import find_audio
from espnet_plugin.errors import UserError
from espnet_plugin.recipe.links import without_blanks
from espnet_plugin.recipe.names import OWN_SETS, list_id, list_ids
from espnet_plugin.recipe.recordings import UNKNOWN_LANGUAGE
from espnet_plugin.recipe.stage import Stage, fingerprint
from espnet_plugin.simulation.meta import NO_TEXT

VALID_PERCENT = 5
TEST_PERCENT = 5


def list_folders(
    corpus_dir: Path, clean: Path, noise: Path, rirs: Path | None = None, force: bool = False
) -> None:
    """List the user's folders as a corpus with the splits train, valid and test.

    A sub-folder of the clean speech is taken for a speaker; a file outside of any is its own speaker.

    Args:
        corpus_dir: gets the lists.
        clean, noise, rirs: folders of clean speech, noise and, if any, room impulse responses.
        force: list them again.

    Raises:
        UserError: an empty folder, names that clash, or a file that is no audio.
    """
    folders = {"speech": clean, "noise": noise, "rirs": rirs}
    sources = {kind: find_audio(folder) if folder else {} for kind, folder in folders.items()}
    settings = {kind: folder and str(folder.resolve()) for kind, folder in folders.items()}
    inputs = fingerprint(path for files in sources.values() for path in files.values())
    stage = Stage(corpus_dir, "corpus", settings, inputs, force)
    if stage.finished():
        print(f"{corpus_dir}: {stage.summary['text']} (already done)")
        return
    speakers = {list_id(stem): _speaker(stem) for stem in sources["speech"]}
    parts = {kind: split(list_ids(files)) for kind, files in sources.items()}
    rates_hz = {kind: _rates_hz(list_ids(files), kind) for kind, files in sources.items()}
    stage.start()
    for name in OWN_SETS:
        folder = corpus_dir / name
        for kind in sources:
            lines = (
                f"{uid} {rates_hz[kind][uid]} {without_blanks(path, folder / 'links' / kind / uid)}\n"
                for uid, path in parts[kind][name].items()
            )
            write_text(folder / f"{kind}.scp", "".join(lines))
        speech = parts["speech"][name]
        write_text(folder / "utt2spk", "".join(f"{uid} {speakers[uid]}\n" for uid in speech))
        write_text(folder / "text", "".join(f"{uid} {NO_TEXT}\n" for uid in speech))
        write_text(folder / "utt2lang", "".join(f"{uid} {UNKNOWN_LANGUAGE}\n" for uid in speech))
    text = ", ".join(f"{len(files)} {kind}" for kind, files in sources.items())
    stage.finish({"text": text})
    print(f"{corpus_dir}: {text}")


def split(files: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """Share files out to train, valid and test: 90, 5 and 5 % by a hash of the id.

    A file stays where it is when others are added, except that a split which would be empty takes
    the files nearest to it. Fewer than three files serve all splits.
    """
    if len(files) < len(OWN_SETS):
        return {name: dict(files) for name in OWN_SETS}
    percentile = {uid: zlib.crc32(uid.encode()) % 10_000 / 100 for uid in files}
    ranked = sorted(files, key=lambda uid: (percentile[uid], uid))
    below_test = sum(value < TEST_PERCENT for value in percentile.values())
    below_valid = sum(value < TEST_PERCENT + VALID_PERCENT for value in percentile.values())
    test_end = min(max(below_test, 1), len(ranked) - 2)
    valid_end = min(max(below_valid, test_end + 1), len(ranked) - 1)
    parts = {"train": ranked[valid_end:], "valid": ranked[test_end:valid_end], "test": ranked[:test_end]}
    return {name: {uid: files[uid] for uid in sorted(uids)} for name, uids in parts.items()}


def _speaker(stem: str) -> str:
    folder, inside, _ = stem.partition("/")
    return list_id(folder if inside else stem)


def _rates_hz(files: Mapping[str, Path], kind: str) -> dict[str, int]:
    rates = {}
    for uid, path in tqdm(files.items(), desc=kind, unit="file", leave=False):
        samples, _, rates[uid] = audio_info(path)
        if samples == 0:
            raise UserError(f"{path} is empty; repair or remove it")
    return rates
