"""Drawing of parameters: which room, noise, level and distortions each degraded file gets."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_lines, write_text
from espnet_plugin.audio.read import audio_info
from espnet_plugin.audio.resample import resampled_length
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.augmentation import format_augmentations
from espnet_plugin.simulation.degradation import draw_degradation
from espnet_plugin.simulation.meta import COMMENT, NO_TEXT, NONE, Row, file_paths, write_meta
from espnet_plugin.simulation.settings import Settings, load_settings
from espnet_plugin.simulation.sources import NOISE_LIST, RESPONSE_LIST, Corpus, Source, read_corpus

META_FILE = "meta.tsv"
SETTINGS_FILE = "settings.json"
LEFT_OUT_FILE = "left_out.txt"
RENDERED_FILE = "rendered.json"  # tells which table the audio belongs to
AUDIO_FOLDERS = ("noisy", "noise", "clean")


@dataclass(frozen=True)
class Drawn:
    """What `draw` did: files drawn, utterances left out, and whether all was done before."""

    files: int
    left_out: int
    already_there: bool = False


def draw(
    config: str | Path,
    corpus_dir: str | Path,
    output_dir: str | Path,
    seed: int | None = None,
    repetitions: int | None = None,
    force: bool = False,
) -> Drawn:
    """Draw the parameters of a simulated set and write `meta.tsv`, with `settings.json` beside it.

    Every draw depends on the seed, the utterance's id and the degradation, and on nothing else: more
    utterances or another probability of one degradation leave the other draws as they were.

    Utterances below the simulation's rate, or that cannot be read, are left out, counted on stderr and listed
    in `left_out.txt`.

    Args:
        config: YAML file, see conf/simulate/restoration.yaml.
        corpus_dir: folder of one split.
        output_dir: folder of the simulated set; made.
        seed: default: the configuration's.
        repetitions: degraded versions of each utterance; default: the configuration's.
        force: replace a set of other settings, with its audio.

    Raises:
        UserError: mistakes in the configuration or the corpus, or a set of other settings in `output_dir`.
    """
    output_dir = Path(output_dir)
    settings, plain = load_settings(config)
    seed = settings.seed if seed is None else seed
    repetitions = settings.repetitions if repetitions is None else repetitions
    if seed < 0 or repetitions < 1:
        raise UserError(
            f"the seed must be at least 0 and repetitions at least 1, not {seed} and {repetitions}"
        )
    settings = replace(settings, seed=seed, repetitions=repetitions)
    corpus = read_corpus(corpus_dir)
    record = {
        "config": without_draw_keys(plain),
        "seed": seed,
        "repetitions": repetitions,
        "corpus": str(corpus.folder),
        "lists": corpus.fingerprint,
    }
    if not force and (files := drawn_before(output_dir, record)) is not None:
        return Drawn(files, 0, already_there=True)

    speech, left_out = _usable_speech(corpus, settings.rate_hz)
    noises, responses = usable_sources(settings, corpus)
    rows = []
    for uid, samples in speech.items():
        for repetition in range(repetitions):
            rows.append(
                _draw_row(len(rows) + 1, uid, samples, repetition, settings, corpus, noises, responses)
            )

    clear(output_dir, output_dir)
    leave_out(output_dir, left_out, len(corpus.speech))
    write_record(output_dir, record)
    write_meta(output_dir / META_FILE, rows)
    return Drawn(len(rows), len(left_out))


def usable_sources(settings: Settings, corpus: Corpus) -> tuple[list[str], list[str]]:
    """Ids of the noises and room impulse responses that a simulation may draw.

    Sources below the simulation's rate are left out, with a warning on stderr.

    Raises:
        UserError: noise is asked for, and there is none.
    """
    noises = _usable(corpus.noises, settings.rate_hz, "noises")
    responses = _usable(corpus.responses, settings.rate_hz, "rooms")
    if settings.noise.probability > 0 and not noises:
        raise UserError(
            f"{corpus.folder / NOISE_LIST} has no noise of {settings.rate_hz} Hz or more; add some, "
            "or set noise.probability to 0"
        )
    if settings.reverberation.probability > 0 and not responses:
        _warn(
            f"no reverberation: {corpus.folder / RESPONSE_LIST} has no room of {settings.rate_hz} Hz or more"
        )
    return noises, responses


def without_draw_keys(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without the keys that the command line may override."""
    return {key: value for key, value in config.items() if key not in ("seed", "repetitions")}


def drawn_before(output_dir: Path, record: dict[str, Any]) -> int | None:
    """Files of the table that is there already, drawn with the same settings; None where there is no table.

    Raises:
        UserError: it was drawn with other settings.
    """
    if not (output_dir / META_FILE).exists():
        return None
    try:
        found = json.loads((output_dir / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        found = {}
    record = json.loads(json.dumps(record))  # keys that are numbers are words there
    if found == record:
        with (output_dir / META_FILE).open(encoding="utf-8") as file:
            return sum(not line.startswith(COMMENT) for line in file) - 1
    differences = [key for key in record if found.get(key) != record[key]]
    raise UserError(
        f"{output_dir / META_FILE} was drawn with other settings ({', '.join(differences)}); "
        "add --force to replace it with its audio, or name another folder"
    )


def clear(output_dir: Path, audio_dir: Path) -> None:
    """Remove the former set, and nothing that is not ours.

    Args:
        output_dir: holds the table.
        audio_dir: holds the folders of audio, if any.

    Raises:
        UserError: there is audio, but none that was rendered here.
    """
    audio = [audio_dir / name for name in AUDIO_FOLDERS if (audio_dir / name).exists()]
    if audio and not (output_dir / RENDERED_FILE).exists():
        raise UserError(f"{audio[0]} is no part of a simulated set; name another folder")
    for name in (META_FILE, SETTINGS_FILE, LEFT_OUT_FILE):
        (output_dir / name).unlink(missing_ok=True)
    for folder in audio:
        shutil.rmtree(folder)
    (output_dir / RENDERED_FILE).unlink(missing_ok=True)


def leave_out(output_dir: Path, left_out: dict[str, str], utterances: int) -> None:
    """List the utterances that are left out, id -> reason, and say how many of all."""
    if left_out:
        path = output_dir / LEFT_OUT_FILE
        write_lines(path, (f"{uid}\t{reason}\n" for uid, reason in left_out.items()))
        _warn(f"{len(left_out)} of {utterances} utterances are left out, see {path}")


def write_record(output_dir: Path, record: dict[str, Any]) -> None:
    """Keep the settings of a table beside it."""
    write_text(output_dir / SETTINGS_FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def _usable(sources: dict[str, Source], rate_hz: int, what: str) -> list[str]:
    """Ids of the sources that need no upsampling, sorted, so that the order of the list does not matter."""
    usable = sorted(uid for uid, source in sources.items() if source.rate_hz >= rate_hz)
    if 0 < len(usable) < len(sources):
        _warn(f"{len(sources) - len(usable)} of {len(sources)} {what} are below {rate_hz} Hz and left out")
    return usable


def _usable_speech(corpus: Corpus, rate_hz: int) -> tuple[dict[str, int], dict[str, str]]:
    """Speech of sufficient rate as id -> samples at `rate_hz`, and the rest as id -> reason."""
    from tqdm import tqdm

    usable, left_out = {}, {}
    for uid, source in tqdm(corpus.speech.items(), desc="speech", unit="file", leave=False):
        if source.rate_hz < rate_hz:
            left_out[uid] = f"{source.rate_hz} Hz is below {rate_hz} Hz, and a rate is never raised"
            continue
        try:
            samples, _, own_rate_hz = audio_info(source.path)
        except UserError as error:
            left_out[uid] = str(error)
            continue
        if own_rate_hz != source.rate_hz:
            left_out[uid] = f"{source.path} has {own_rate_hz} Hz, the list says {source.rate_hz}"
        elif samples == 0:
            left_out[uid] = f"{source.path} has no samples"
        else:
            usable[uid] = resampled_length(samples, own_rate_hz, rate_hz)
    if not usable:
        first = next(iter(left_out.values()))
        raise UserError(
            f"{corpus.folder} has no usable speech ({first}); use other speech or a lower rate_hz"
        )
    return usable, left_out


def _draw_row(
    number: int,
    uid: str,
    samples: int,
    repetition: int,
    settings: Settings,
    corpus: Corpus,
    noises: list[str],
    responses: list[str],
) -> Row:
    drawn = draw_degradation(settings, noises, responses, uid, repetition)
    identifier, noisy_path, clean_path = file_paths(number)
    return Row(
        id=identifier,
        noisy_path=noisy_path,
        clean_path=clean_path,
        speech_uid=uid,
        speech_sid=corpus.speaker_of.get(uid, uid),
        noise_uid=drawn.noise_uid or NONE,
        snr_db=drawn.snr_db,
        rir_uid=drawn.response_uid or NONE,
        augmentation=format_augmentations(drawn.augmentations),
        rate_hz=settings.rate_hz,
        samples=samples,
        text=corpus.text_of.get(uid) or NO_TEXT,
    )


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
