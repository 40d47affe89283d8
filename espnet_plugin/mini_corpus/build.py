"""Building of the built-in corpus: files one by one, lists last, so that a killed run can go on."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from espnet_plugin.atomic_write import remove_leftovers, write_text
from espnet_plugin.audio.resample import resample
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.mini_corpus import noises
from espnet_plugin.mini_corpus.plan import (
    FEWEST_UTTERANCES,
    Noise,
    Room,
    Utterance,
    plan_noises,
    plan_rooms,
    plan_utterances,
    split_sizes,
)
from espnet_plugin.mini_corpus.rooms import room_response
from espnet_plugin.mini_corpus.sentences import sentences_of
from espnet_plugin.mini_corpus.speakers import SPLITS, babble_speakers_of
from espnet_plugin.mini_corpus.synthesiser import Synthesiser
from espnet_plugin.simulation.random_stream import random_stream
from espnet_plugin.simulation.whole_audio import whole_audio

SETTINGS_FILE = "corpus.json"
VERSION = 1  # goes up when the same settings would give other bytes

PEAK_OF_NOISE = 0.5
PEAK_OF_ROOM = 0.99
BABBLE_SPEAKERS = (5, 9)


def build_corpus(folder: str | Path, seed: int = 0, utterances: int = 300, force: bool = False) -> bool:
    """Build the corpus, or go on where a former run stopped.

    The folder gets one sub-folder each for train, valid and test, with the lists `speech.scp`, `noise.scp`,
    `rirs.scp` (id, rate in Hz, path relative to the list), `utt2spk`, `text`, `utt2lang` and the audio as
    16-bit FLAC. `corpus.json` beside them keeps the settings. The same settings give the same bytes.

    Args:
        folder: a new one, or one that holds no train, valid or test of another origin.
        seed: of all random choices.
        utterances: in all splits together, at least 10.
        force: build anew what is there.

    Returns:
        False if the corpus was there already and nothing had to be done.

    Raises:
        UserError: the folder holds something else or a corpus of other settings; espeakng-loader or
            pyroomacoustics is not installed.
    """
    folder = Path(folder)
    if utterances < FEWEST_UTTERANCES:
        raise UserError(f"a corpus needs at least {FEWEST_UTTERANCES} utterances, not {utterances}")
    settings = {"corpus": "mini", "version": VERSION, "seed": seed, "utterances": utterances}
    if not _open_folder(folder, settings, force):
        return False
    sizes = split_sizes(utterances)
    work = _Work()
    with Synthesiser() as synthesiser:
        for split in SPLITS:
            _plan_split(work, folder / split, split, sizes[split], seed, synthesiser)
        work.run()
    for split in SPLITS:
        remove_leftovers(folder / split)
        _write_lists(folder / split, split, sizes[split], seed)
    _write_settings(folder / SETTINGS_FILE, settings, "complete")
    return True


class _Work:
    """The files to make. All are listed before the first is made, so the bar knows its length."""

    def __init__(self):
        self._tasks: list[tuple[Path, Callable[[], tuple[np.ndarray, int]]]] = []

    def add(self, path: Path, make: Callable[[], tuple[np.ndarray, int]]) -> None:
        self._tasks.append((path, make))

    def run(self) -> None:
        from tqdm import tqdm

        pending = [(path, make) for path, make in self._tasks if whole_audio(path) is None]
        finished = len(self._tasks) - len(pending)
        with tqdm(total=len(self._tasks), initial=finished, desc="mini corpus", unit="file") as bar:
            for path, make in pending:
                wave, rate_hz = make()
                write_audio(path, wave, rate_hz)
                bar.update()


def _plan_split(
    work: _Work, folder: Path, split: str, count: int, seed: int, synthesiser: Synthesiser
) -> None:
    for utterance in plan_utterances(split, count, seed):
        work.add(_speech_path(folder, utterance.utterance_id), lambda u=utterance: _speech(u, synthesiser))
    for noise in plan_noises(split, count, seed):
        work.add(_noise_path(folder, noise.noise_id), lambda n=noise: _noise(n, split, seed, synthesiser))
    for room in plan_rooms(split, count, seed):
        work.add(_room_path(folder, room.room_id), lambda r=room: _room(r, split, seed))


def _speech(utterance: Utterance, synthesiser: Synthesiser) -> tuple[np.ndarray, int]:
    wave, rate_hz = synthesiser.speak(utterance.sentence, utterance.speaker)
    wave = resample(wave, rate_hz, utterance.rate_hz)
    wave = 10 ** (utterance.peak_db / 20) * wave / np.abs(wave).max()
    silence = [round(seconds * utterance.rate_hz) for seconds in (utterance.before_s, utterance.after_s)]
    return np.pad(wave, silence), utterance.rate_hz


def _noise(noise: Noise, split: str, seed: int, synthesiser: Synthesiser) -> tuple[np.ndarray, int]:
    random = random_stream(seed, split, noise.noise_id, "samples")
    samples = round(noise.duration_s * noise.rate_hz)
    if noise.kind == "babble":
        voices = []
        speakers = babble_speakers_of(split)
        for index in random.choice(len(speakers), size=random.integers(*BABBLE_SPEAKERS), replace=False):
            sentences = sentences_of(speakers[index].language, split)
            text = " ".join(random.choice(sentences, size=3, replace=False))
            wave, rate_hz = synthesiser.speak(text, speakers[index])
            voices.append(resample(wave, rate_hz, noise.rate_hz))
        wave = noises.babble(voices, samples, random)
    elif noise.kind == "hum":
        wave = noises.hum(samples, noise.rate_hz, random)
    elif noise.kind == "gusts":
        wave = noises.gusts(samples, noise.rate_hz, random)
    else:
        wave = noises.coloured(noise.kind, samples, noise.rate_hz, random)
    return PEAK_OF_NOISE * wave / np.abs(wave).max(), noise.rate_hz


def _room(room: Room, split: str, seed: int) -> tuple[np.ndarray, int]:
    response = room_response(room.rate_hz, random_stream(seed, split, room.room_id, "samples"))
    return PEAK_OF_ROOM * response, room.rate_hz


def _speech_path(folder: Path, utterance_id: str) -> Path:
    return folder / "speech" / f"{utterance_id}.flac"


def _noise_path(folder: Path, noise_id: str) -> Path:
    return folder / "noise" / f"{noise_id}.flac"


def _room_path(folder: Path, room_id: str) -> Path:
    return folder / "rirs" / f"{room_id}.flac"


def _write_lists(folder: Path, split: str, count: int, seed: int) -> None:
    utterances = list(plan_utterances(split, count, seed))
    sources = {
        "speech.scp": [(u.utterance_id, u.rate_hz, _speech_path(folder, u.utterance_id)) for u in utterances],
        "noise.scp": [
            (n.noise_id, n.rate_hz, _noise_path(folder, n.noise_id)) for n in plan_noises(split, count, seed)
        ],
        "rirs.scp": [
            (r.room_id, r.rate_hz, _room_path(folder, r.room_id)) for r in plan_rooms(split, count, seed)
        ],
    }
    for name, rows in sources.items():
        lines = [f"{source} {rate_hz} {path.relative_to(folder)}" for source, rate_hz, path in rows]
        _write_list(folder / name, lines)
    _write_list(folder / "utt2spk", [f"{u.utterance_id} {u.speaker.speaker_id}" for u in utterances])
    _write_list(folder / "text", [f"{u.utterance_id} {u.sentence}" for u in utterances])
    _write_list(folder / "utt2lang", [f"{u.utterance_id} {u.speaker.language}" for u in utterances])


def _write_list(path: Path, lines: list[str]) -> None:
    write_text(path, "".join(f"{line}\n" for line in sorted(lines)))


def _open_folder(folder: Path, settings: dict, force: bool) -> bool:
    """Make sure the folder is ours to fill; False if it is full already."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a folder for the corpus")
    path = folder / SETTINGS_FILE
    foreign = [split for split in SPLITS if (folder / split).exists()]
    if foreign and not path.exists():  # even with force: who knows whose data that is
        raise UserError(f"{folder / foreign[0]} is no part of a built-in corpus; name another folder")
    found = _read_settings(path)
    same = found.get("settings") == settings
    emptying = found.get("state") == "emptying"  # a killed --force; some files of the old corpus may be left
    if path.exists() and not (same or force or emptying):
        raise UserError(
            f"{folder} holds a corpus of other settings ({path.name}); add --force to replace it, "
            "or name another folder"
        )
    if same and not force and found.get("state") == "complete":
        return False
    for package in ("espeakng_loader", "pyroomacoustics"):
        if importlib.util.find_spec(package) is None:
            raise missing_module(package, "the built-in corpus")
    if force or emptying:
        _write_settings(path, settings, "emptying")
        for split in SPLITS:
            shutil.rmtree(folder / split, ignore_errors=True)
    _write_settings(path, settings, "incomplete")
    return True


def _read_settings(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_settings(path: Path, settings: dict, state: str) -> None:
    write_text(path, json.dumps({"settings": settings, "state": state}, indent=2) + "\n")
