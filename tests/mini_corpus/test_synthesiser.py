import sys
from dataclasses import replace

import numpy as np
import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.mini_corpus import synthesiser as module
from espnet_plugin.mini_corpus.sentences import SENTENCES
from espnet_plugin.mini_corpus.speakers import (
    BABBLE_VARIANTS,
    LANGUAGES,
    SPEECH_VARIANTS,
    SPLITS,
    babble_speakers_of,
    speakers_of,
)
from espnet_plugin.mini_corpus.synthesiser import Synthesiser

espeakng_loader = pytest.importorskip("espeakng_loader")


@pytest.fixture(scope="module")
def synthesiser():
    with Synthesiser() as open_synthesiser:
        yield open_synthesiser


def test_what_was_spoken_before_does_not_matter(synthesiser):
    one, other = speakers_of("train", "eng")[:2]
    first, rate_hz = synthesiser.speak("A cold wind blew.", one)
    synthesiser.speak("Turn off the radio.", other)
    again, _ = synthesiser.speak("A cold wind blew.", one)
    assert rate_hz == 22050
    assert np.array_equal(first, again)
    with Synthesiser() as fresh:
        assert np.array_equal(first, fresh.speak("A cold wind blew.", one)[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_speaker_says_a_sentence_of_two_to_five_seconds_without_clipping(synthesiser, language):
    for split in SPLITS:
        for index, speaker in enumerate(speakers_of(split, language)):
            wave, rate_hz = synthesiser.speak(SENTENCES[language][index * 3], speaker)
            assert 1.2 < len(wave) / rate_hz < 5, speaker
            assert np.abs(wave).max() < 0.99, speaker


def test_babble_voices_are_there_and_not_clipped(synthesiser):
    for split in SPLITS:
        for speaker in babble_speakers_of(split)[: len(BABBLE_VARIANTS[split])]:
            wave, _ = synthesiser.speak("We watched the stars.", speaker)
            assert np.abs(wave).max() < 0.99, speaker


def test_no_voice_has_an_echo_or_differs_from_run_to_run():
    folder = f"{espeakng_loader.get_data_path()}/voices/!v"
    for table in (SPEECH_VARIANTS, BABBLE_VARIANTS):
        for variant in (variant for variants in table.values() for variant in variants):
            with open(f"{folder}/{variant}", encoding="utf-8") as file:
                assert not any(line.startswith(("echo", "breath")) for line in file), variant


def test_the_mandarin_text_is_known_to_the_dictionary(synthesiser):
    # An unknown character is spelled out in English, which takes far longer than a syllable.
    speaker = speakers_of("train", "cmn")[0]
    for sentence in SENTENCES["cmn"]:
        wave, rate_hz = synthesiser.speak(sentence, speaker)
        assert len(wave) / rate_hz < 0.45 * len(sentence), sentence


def test_an_unknown_voice_is_an_error_and_not_the_end(synthesiser):
    speaker = speakers_of("train", "deu")[0]
    with pytest.raises(UserError, match="no voice xx"):
        synthesiser.speak("Guten Tag.", replace(speaker, voice="xx+m1"))
    assert len(synthesiser.speak("Guten Tag.", speaker)[0])


def test_this_process_never_loads_espeak(synthesiser):
    speaker = speakers_of("train", "deu")[0]
    synthesiser.speak("Guten Tag.", speaker)
    if sys.platform == "linux":
        with open("/proc/self/maps", encoding="utf-8") as maps:
            assert "espeak" not in maps.read()


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="espeakng_loader.*pip install"):
        Synthesiser()
