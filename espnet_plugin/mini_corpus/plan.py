"""What the built-in corpus holds: every utterance, noise and room, decided before any sound is made."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from espnet_plugin.mini_corpus.noises import KINDS
from espnet_plugin.mini_corpus.sentences import sentences_of
from espnet_plugin.mini_corpus.speakers import LANGUAGES, Speaker, speakers_of
from espnet_plugin.simulation.random_stream import random_stream

# What espeak-ng delivers. Files of the lower rate are made from it; the other way round would be a file
# whose rate promises a band that is not there.
RATES_HZ = (22050, 16000)

FEWEST_UTTERANCES = 10
SHARE_OF_VALID_AND_TEST = 0.1

PEAK_DB = (-12.0, -2.0)
SILENCE_BEFORE_S = (0.1, 0.4)
SILENCE_AFTER_S = (0.1, 0.5)
NOISE_S = (3.0, 10.0)  # partly shorter than the speech, as in recorded noise collections


@dataclass(frozen=True)
class Utterance:
    """One file of speech.

    Attributes:
        utterance_id: begins with the speaker's id, as Kaldi's sorting wants it.
        speaker: with this utterance's own pitch and pace.
        sentence: transcript.
        rate_hz: of the file.
        peak_db: level of the largest sample, full scale 0.
        before_s, after_s: silence around the speech.
    """

    utterance_id: str
    speaker: Speaker
    sentence: str
    rate_hz: int
    peak_db: float
    before_s: float
    after_s: float


@dataclass(frozen=True)
class Noise:
    """One file of noise: its kind (see `noises.KINDS`), rate and length."""

    noise_id: str
    kind: str
    rate_hz: int
    duration_s: float


@dataclass(frozen=True)
class Room:
    """One file with a room impulse response."""

    room_id: str
    rate_hz: int


def split_sizes(utterances: int) -> dict[str, int]:
    """How many utterances each split gets: a tenth for valid, a tenth for test, the rest for train."""
    held_out = max(1, round(SHARE_OF_VALID_AND_TEST * utterances))
    return {"train": utterances - 2 * held_out, "valid": held_out, "test": held_out}


def plan_utterances(split: str, count: int, seed: int) -> Iterator[Utterance]:
    """The utterances of one split; languages, speakers and sentences take turns.

    A speaker meets a sentence a second time only after all other pairs of the split have had their turn.
    """
    for index in range(count):
        language = LANGUAGES[index % len(LANGUAGES)]
        turn = index // len(LANGUAGES)
        speakers = speakers_of(split, language)
        sentences = sentences_of(language, split)
        lap = turn // math.lcm(len(speakers), len(sentences))
        speaker = speakers[turn % len(speakers)]
        utterance_id = f"{speaker.speaker_id}_{index:04d}"
        random = random_stream(seed, split, utterance_id)
        yield Utterance(
            utterance_id=utterance_id,
            speaker=replace(
                speaker,
                pitch=speaker.pitch + int(random.integers(-4, 5)),
                rate_wpm=round(speaker.rate_wpm * random.uniform(0.95, 1.05)),
            ),
            sentence=sentences[(turn + lap) % len(sentences)],
            rate_hz=int(random.choice(RATES_HZ)),
            peak_db=random.uniform(*PEAK_DB),
            before_s=random.uniform(*SILENCE_BEFORE_S),
            after_s=random.uniform(*SILENCE_AFTER_S),
        )


def plan_noises(split: str, utterances: int, seed: int) -> Iterator[Noise]:
    """The noises of one split: one for eight utterances, but each kind at least once."""
    for index in range(max(len(KINDS), utterances // 8)):
        kind = KINDS[index % len(KINDS)]
        noise_id = f"{kind}_{split}_{index:03d}"
        random = random_stream(seed, split, noise_id)
        yield Noise(noise_id, kind, int(random.choice(RATES_HZ)), random.uniform(*NOISE_S))


def plan_rooms(split: str, utterances: int, seed: int) -> Iterator[Room]:
    """The rooms of one split: one for ten utterances, but at least four."""
    for index in range(max(4, utterances // 10)):
        room_id = f"room_{split}_{index:03d}"
        yield Room(room_id, int(random_stream(seed, split, room_id).choice(RATES_HZ)))
