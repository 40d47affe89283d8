"""Drawing of a challenge set's parameters, number for number as the official script draws them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.fixes import check_fixes, fixes_header
from espnet_plugin.simulation.challenge.settings import ChallengeSettings, load_challenge_settings
from espnet_plugin.simulation.challenge.source_lists import SourceLists, read_source_lists
from espnet_plugin.simulation.challenge.source_pool import SourcePool
from espnet_plugin.simulation.challenge.steps import Clipping
from espnet_plugin.simulation.draw import META_FILE, Drawn, clear, drawn_before, leave_out, write_record
from espnet_plugin.simulation.meta import CHALLENGE_COLUMNS, NO_TEXT, NONE, Row, file_paths, write_meta
from espnet_plugin.simulation.sources import Source

THREADS = 8  # that read headers; the files may lie on a slow network drive
FILES_PER_TRIP = 64  # to a thread and back
EXACT_HEADERS = (".wav", ".flac")  # others only estimate the length
OVERRIDDEN = ("seed", "repeat_per_utt")


def draw(
    config: str | Path,
    output_dir: str | Path,
    seed: int | None = None,
    repetitions: int | None = None,
    fixes: Collection[str] = (),
    force: bool = False,
) -> Drawn:
    """Draw the parameters of a set and write `meta.tsv`, with `settings.json` beside it.

    Without fixes the table is that of the official script for the same lists, configuration and seed. An
    utterance that cannot be read, where the official script stops, is left out with a warning and listed in
    `left_out.txt`; the draws of those after it differ then.

    Args:
        config: an official YAML file, see conf/simulate/urgent26_train.yaml.
        output_dir: folder of the simulated set; made.
        seed: default: the configuration's.
        repetitions: degraded versions of each utterance; default: the configuration's.
        fixes: names of `FIXES`; the first line of the table tells them.
        force: replace a set of other settings, with its audio.

    Raises:
        UserError: mistakes in the configuration or the lists, too few noises, or a set of other
            settings in `output_dir`.
    """
    output_dir = Path(output_dir)
    settings, plain = load_challenge_settings(config)
    settings = replace(
        settings,
        seed=settings.seed if seed is None else seed,
        repetitions=settings.repetitions if repetitions is None else repetitions,
    )
    if settings.seed < 0 or settings.repetitions < 1:
        raise UserError(
            "the seed must be at least 0 and repetitions at least 1, "
            f"not {settings.seed} and {settings.repetitions}"
        )
    fixes = check_fixes(fixes)
    lists = read_source_lists(settings)
    record = {
        "config": without_overridden(plain),
        "seed": settings.seed,
        "repetitions": settings.repetitions,
        "fixes": sorted(fixes),
        "lists": lists.fingerprint,
        "folders": sorted({str(path.parent.resolve()) for path in settings.speech_lists}),
    }
    if not force and (files := drawn_before(output_dir, record)) is not None:
        return Drawn(files, 0, already_there=True)

    samples_of, left_out = _lengths(lists.speech)
    columns = [column for column in CHALLENGE_COLUMNS if settings.store_noise or column != "noise_path"]
    clear(output_dir, output_dir / settings.output_dir)
    leave_out(output_dir, left_out, len(lists.speech))
    write_record(output_dir, record)
    count = len(samples_of) * settings.repetitions
    write_meta(
        output_dir / META_FILE,
        _shown(draw_rows(settings, lists, samples_of, fixes), count),
        columns,
        fixes_header(fixes),
    )
    return Drawn(count, len(left_out))


def without_overridden(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without the keys that the command line may override."""
    return {key: value for key, value in config.items() if key not in OVERRIDDEN}


def draw_rows(
    settings: ChallengeSettings,
    lists: SourceLists,
    samples_of: Mapping[str, int],
    fixes: Collection[str] = (),
) -> Iterator[Row]:
    """The rows of the table: rates from the highest to the lowest, utterances as listed, their repetitions.

    Args:
        settings: what may be drawn.
        lists: what there is to draw from.
        samples_of: length of each utterance to degrade.
        fixes: names of `FIXES`.

    Raises:
        UserError: no noise is left.
    """
    random = np.random.RandomState(settings.seed)
    draws = Draws(
        settings,
        random,
        noises=SourcePool(lists.noises.uids_by_rate(), settings.reuse_noises),
        winds=SourcePool(lists.wind_noises.uids_by_rate(), reuse=True),
        responses=SourcePool(lists.responses.uids_by_rate(), settings.reuse_responses),
        fixes=fixes,
    )
    uids_by_rate = lists.speech.uids_by_rate()
    folder = str(PurePosixPath(settings.output_dir) / "x")[:-1]  # ends with a slash, unless it is this one
    number = 0
    for rate_hz in sorted(uids_by_rate, reverse=True):
        for uid in uids_by_rate[rate_hz]:
            if uid not in samples_of:
                continue
            for _ in range(settings.repetitions):
                number += 1
                identifier, noisy, clean = file_paths(number)
                noise = noisy.replace("noisy", "noise", 1)
                noise_uid, snr_db, response_uid, augmentation = draws.one(rate_hz, samples_of[uid])
                yield Row(
                    id=identifier,
                    noisy_path=folder + noisy,
                    clean_path=folder + clean,
                    speech_uid=uid,
                    speech_sid=lists.speaker_of.get(uid, uid),
                    noise_uid=noise_uid,
                    snr_db=snr_db,
                    rir_uid=response_uid,
                    augmentation=augmentation,
                    rate_hz=rate_hz,
                    samples=samples_of[uid],
                    text=lists.text_of.get(uid) or NO_TEXT,
                    noise_path=folder + noise if settings.store_noise else None,
                )


class Draws:
    """The random draws of one file after the other; their order is the official one.

    Args:
        settings: what may be drawn.
        random: gives all that is random.
        noises, winds, responses: files to draw from.
        fixes: names of `FIXES`.
    """

    def __init__(
        self,
        settings: ChallengeSettings,
        random: np.random.RandomState,
        noises: SourcePool,
        winds: SourcePool,
        responses: SourcePool,
        fixes: Collection[str] = (),
    ):
        self._settings = settings
        self._random = random
        self._fixes = fixes
        self._noises = noises
        self._winds = winds
        self._responses = responses
        self._counts, self._count_shares = (
            np.array(list(values)) for values in zip(*settings.step_counts.items())
        )
        self._names = list(settings.steps)
        weights = np.array([step.weight for step in settings.steps.values()])
        self._weights = weights / weights.sum()

    def one(self, rate_hz: int, samples: int) -> tuple[str, float, str, str]:
        """Noise, SNR in dB, room and distortions of the next file."""
        settings, random = self._settings, self._random
        is_wind = random.random_sample() < settings.wind_probability
        steps = self._steps(is_wind)
        if is_wind:
            noise, mixing, snr_db = self._wind(rate_hz)
        else:
            noise = _left(self._noises.draw(random, rate_hz), "noise", rate_hz)
            mixing, snr_db = "", random.uniform(*settings.snr_db)
        response = self._response(rate_hz)
        augmentation = mixing + "/".join(
            settings.steps[name].draw(random, rate_hz, samples) for name in steps
        )
        return noise, snr_db, response, augmentation or NONE

    def _steps(self, is_wind: bool) -> list[str]:
        count = self._random.choice(self._counts, p=self._count_shares)
        while count:
            names = self._random.choice(self._names, size=count, replace=False, p=self._weights).tolist()
            # The wind mixer does its own clipping.
            if not (is_wind and any(isinstance(self._settings.steps[name], Clipping) for name in names)):
                return names
        return []

    def _wind(self, rate_hz: int) -> tuple[str, str, float]:
        wind, random = self._settings.wind, self._random
        noise = _left(self._winds.draw(random, rate_hz), "wind noise", rate_hz)
        threshold = random.uniform(*wind.threshold)
        ratio = random.uniform(*wind.ratio)
        attack_ms = random.uniform(*wind.attack_ms)
        release_ms = random.uniform(*wind.release_ms)
        side_chain_gain = random.uniform(*wind.side_chain_gain)
        clipping_threshold = random.uniform(*wind.clipping_threshold)
        clipping = random.random_sample() < wind.clipping_chance
        snr_db = random.uniform(*self._settings.wind_snr_db)
        mixing = (
            f"wind_noise(threshold={threshold},ratio={ratio},attack={attack_ms},release={release_ms},"
            f"sc_gain={side_chain_gain},clipping={clipping},clipping_threshold={clipping_threshold})/"
        )
        return noise, mixing, snr_db

    def _response(self, rate_hz: int) -> str:
        if self._settings.reverberation == 0:
            return NONE
        share = self._random.random_sample()
        if "reverberation_share" in self._fixes:
            wanted = share < self._settings.reverberation
        else:
            wanted = share > self._settings.reverberation
        # Speech stays dry when the rooms are used up and not to be used again.
        return self._responses.draw(self._random, rate_hz) or NONE if wanted else NONE


def _left(uid: str | None, what: str, rate_hz: int) -> str:
    if uid is None:
        raise UserError(f"no {what} of {rate_hz} Hz or more is left; add some, or set reuse_noise: true")
    return uid


def _lengths(speech: Mapping[str, Source]) -> tuple[dict[str, int], dict[str, str]]:
    """Samples of each readable utterance, and why the others are not."""
    from tqdm import tqdm

    samples_of, left_out = {}, {}
    with ThreadPool(THREADS) as pool:
        lengths = pool.imap(_length, speech.values(), chunksize=FILES_PER_TRIP)
        bar = tqdm(lengths, total=len(speech), desc="speech", unit="file", leave=False)
        for uid, (samples, reason) in zip(speech, bar):
            if reason:
                left_out[uid] = reason
            else:
                samples_of[uid] = samples
    if not samples_of:
        raise UserError(f"there is no usable speech ({next(iter(left_out.values()))}); prepare it again")
    return samples_of, left_out


def _length(source: Source) -> tuple[int, str | None]:
    try:
        samples, _, own_rate_hz = audio_info(source.path)
        if source.path.suffix.lower() not in EXACT_HEADERS:
            samples = len(read_audio(source.path)[0])
    except UserError as error:
        return 0, str(error)
    if own_rate_hz != source.rate_hz:
        return 0, f"{source.path} has {own_rate_hz} Hz, the list says {source.rate_hz}"
    return samples, None if samples else f"{source.path} has no samples"


def _shown(rows: Iterable[Row], count: int) -> Iterator[Row]:
    from tqdm import tqdm

    yield from tqdm(rows, total=count, desc="draw", unit="file", leave=False)
