"""A small set of two systems: six utterances at three rates, one with a name like markup."""

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.report.listening_set import CLEAN, NOISY, ListeningSet, Track
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores

MARKUP = "</script><script>alert(1)</script>&amp;'"
IDENTIFIERS = ("utt_1", "utt_2", "utt_10", "utt_11", "utt_20", MARKUP)
RATES_HZ = (16000, 8000, 44100, 48000, 16000, 16000)
COLUMNS = [Column("PESQ"), Column("LSD", better="lower", unit="dB"), Column("CAcc", unit="%", decimals=1)]


def tone(seconds, rate_hz, frequency_hz, level=0.3):
    return level * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def make_scores(seed, **replaced):
    """Random scores of all utterances; `replaced` are columns of values in their order."""
    random = np.random.default_rng(seed)
    values = {column.name: random.uniform(1, 4, len(IDENTIFIERS)) for column in COLUMNS} | replaced
    return Scores(
        COLUMNS, {name: dict(zip(IDENTIFIERS, map(float, column))) for name, column in values.items()}
    )


@pytest.fixture
def recordings(tmp_path):
    """Track -> id -> file; `quiet gate` lacks the last utterance."""
    files = {}
    for place, track in enumerate((NOISY, "loud net", "quiet gate", CLEAN)):
        files[track] = {}
        for number, (identifier, rate_hz) in enumerate(zip(IDENTIFIERS, RATES_HZ)):
            if track == "quiet gate" and identifier == MARKUP:
                continue
            path = tmp_path / track / f"{number}.wav"
            wave = tone(0.5 + 0.1 * number, rate_hz, 500 * (place + 1), 0.4 / (place + 1))
            write_audio(path, wave, rate_hz)
            files[track][identifier] = path
    return files


@pytest.fixture
def small_set(recordings):
    """The set with scores; one of them is NaN, and PESQ of the noisy recordings is 1 to 6."""
    nan = float("nan")
    noisy = make_scores(0, PESQ=[1, 2, 3, 4, 5, 6])
    loud = make_scores(1, PESQ=[2, 2.5, 3.2, 3, nan, 6.1])
    return ListeningSet(
        "small",
        Track(NOISY, recordings[NOISY], noisy),
        (Track("loud net", recordings["loud net"], loud), Track("quiet gate", recordings["quiet gate"])),
        Track(CLEAN, recordings[CLEAN]),
        {"Language": {"deu": {"utt_1", "utt_2"}, "<b>": {"utt_10", MARKUP}}},
    )
