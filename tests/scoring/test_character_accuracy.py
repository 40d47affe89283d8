import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring.metric import Item, Setup, Unscorable

pytest.importorskip("transformers", reason="needs transformers")

from espnet_plugin.scoring.character_accuracy import CharacterAccuracy, normalise  # noqa: E402


class Recogniser:
    """Hears what it was told."""

    def __init__(self, texts):
        self.texts, self.heard = list(texts), []

    def knows(self, language):
        return language in ("eng", "deu", "zho")

    def __call__(self, wave, language):
        self.heard.append((wave, language))
        return self.texts.pop(0)


def metric_that_hears(*texts):
    metric = CharacterAccuracy()
    metric._recognise = Recogniser(texts)
    return metric


WAVE = np.full(1600, 0.1, np.float32)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Well, [laughs] it's (almost) DONE.", "well it s done "),
        ("Straße <noise> ÜBER-Ich", "straße über ich"),
        ("我 喜欢 ABC。", "我 喜欢 abc "),
        ("ﬁne　text…", "fine text "),
        ("", ""),
    ],
)
def test_normaliser(text, normal):
    assert normalise(text) == normal


@given(st.text(max_size=40))
def test_normaliser_is_whispers_basic_one(text):
    plain = re.sub(r"\(([^)]+?)\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text.lower()))
    plain = unicodedata.normalize("NFKC", plain)
    plain = "".join(" " if unicodedata.category(sign)[0] in ("M", "S", "P") else sign for sign in plain)
    assert normalise(text) == re.sub(r"\s+", " ", plain.lower())


def test_end_times_of_long_texts_stay_as_in_the_challenges_script():
    assert normalise("[00:00:01.000 --> 00:00:12.340] guten tag").split() == "00 00 12 340 guten tag".split()


@pytest.mark.parametrize(
    ("text", "heard", "accuracy", "word_errors", "characters", "words"),
    [
        ("the cat sat", "the cat sat", 100, 0, 11, 3),
        ("the cat sat", "The cat, sat!", 100 * (1 - 1 / 11), 0, 11, 3),  # a blank more at the end
        ("the cat sat", "the bat", 100 * (1 - 5 / 11), 200 / 3, 11, 3),
        ("the cat sat", "", 0, 100, 11, 3),
        ("hi", "hello there", -400, 200, 2, 1),
        ("今天", "今 天", 50, 200, 2, 1),
    ],
)
def test_known_values(text, heard, accuracy, word_errors, characters, words):
    metric = metric_that_hears(heard)
    values = metric.score(Item(WAVE, 16000, text=text, language="eng"))
    assert values == pytest.approx((accuracy, word_errors, characters, words))


def distance(one, other):
    """Levenshtein distance, by its definition."""
    if not one or not other:
        return len(one) + len(other)
    return min(
        distance(one[1:], other[1:]) + (one[0] != other[0]),
        distance(one[1:], other) + 1,
        distance(one, other[1:]) + 1,
    )


@given(st.lists(st.tuples(st.text("ab ", max_size=5), st.text("ab ", max_size=5)), min_size=1, max_size=6))
def test_means_over_a_set_are_errors_summed_by_lengths_summed(pairs):
    from espnet_plugin.scoring.summary import summarise

    pairs = [(text, heard) for text, heard in pairs if text.split()]
    if not pairs:
        return
    metric = metric_that_hears(*(heard for _, heard in pairs))
    rows = [metric.score(Item(WAVE, 16000, text=text, language="eng")) for text, _ in pairs]
    names = [column.name for column in metric.columns]
    means = {}
    for position, column in enumerate(metric.columns[:2]):
        weights = [row[names.index(column.weight)] for row in rows]
        means[column.name] = summarise([row[position] for row in rows], weights).mean
    pairs = [(normalise(text), normalise(heard)) for text, heard in pairs]
    errors = sum(distance(*pair) for pair in pairs)
    word_errors = sum(distance(text.split(), heard.split()) for text, heard in pairs)
    accuracy = 1 - errors / sum(len(text) for text, _ in pairs)
    assert means["CAcc"] == pytest.approx(100 * accuracy)
    assert means["WER"] == pytest.approx(100 * word_errors / sum(len(text.split()) for text, _ in pairs))


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("<not-available>", "eng", "no transcript"),
        ("[laughs] ...", "eng", "no words"),
        ("guten tag", "xyz", "'xyz'"),
    ],
)
def test_files_without_transcript_or_language_have_no_value(text, language, words):
    metric = metric_that_hears("anything")
    with pytest.raises(Unscorable, match=words):
        metric.score(Item(WAVE, 16000, text=text, language=language))
    assert not metric._recognise.heard


def test_empty_files_have_no_value():
    with pytest.raises(Unscorable):
        metric_that_hears("a").score(Item(WAVE[:0], 16000, text="a", language="eng"))


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_the_model_hears_16_khz_and_the_language(speech, rate_hz):
    metric = metric_that_hears("a")
    metric.score(Item(speech(0.5, rate_hz), rate_hz, text="a", language="<deu>"))
    wave, language = metric._recognise.heard[0]
    assert len(wave) == 8000 and wave.dtype == np.float32 and language == "deu"


@pytest.mark.espnet
def test_weights_to_value(tmp_path, speech):
    from espnet2.tasks.s2t import S2TTask

    from espnet_plugin.espnet_modules.recognition import SpeechRecogniser
    from tests.espnet_modules.hub_trees import OWSM, build_tree

    build_tree(tmp_path / "owsm_v3.1", S2TTask, OWSM, prefix="s2t_")
    metric = CharacterAccuracy(Setup(tmp_path))
    assert metric.available() is None
    wave = speech(1.0)
    heard = normalise(SpeechRecogniser(tmp_path / "owsm_v3.1")(wave, "deu"))
    assert heard.split()
    right = metric.score(Item(wave, 16000, text=heard, language="deu"))
    assert right == (100, 0, len(heard), len(heard.split()))
    silence = metric.score(Item(np.zeros(8000, np.float32), 16000, text="guten tag", language="deu"))
    assert silence[0] <= 100 and silence[2:] == (9, 2)


def test_without_weights_it_is_unavailable(tmp_path):
    why = CharacterAccuracy(Setup(tmp_path)).available()
    assert "owsm_v3.1" in why.reason and why.remedy == "urgent26 weights --fetch CAcc"
