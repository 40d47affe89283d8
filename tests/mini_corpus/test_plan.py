from collections import Counter

import pytest

from espnet_plugin.mini_corpus import plan
from espnet_plugin.mini_corpus.noises import KINDS
from espnet_plugin.mini_corpus.sentences import SENTENCES
from espnet_plugin.mini_corpus.speakers import (
    BABBLE_VARIANTS,
    LANGUAGES,
    SPEECH_VARIANTS,
    SPLITS,
    babble_speakers_of,
    speakers_of,
)


def utterances(total=300, seed=0):
    return {
        split: list(plan.plan_utterances(split, size, seed))
        for split, size in plan.split_sizes(total).items()
    }


def test_voice_variants_serve_one_split_in_one_role():
    uses = Counter(
        variant
        for table in (SPEECH_VARIANTS, BABBLE_VARIANTS)
        for variants in table.values()
        for variant in variants
    )
    assert set(uses.values()) == {1}


def test_speakers_are_many_and_disjoint():
    speakers = {split: {u.speaker.speaker_id for u in items} for split, items in utterances().items()}
    assert sum(map(len, speakers.values())) >= 10
    assert len(set.union(*speakers.values())) == sum(map(len, speakers.values()))


def test_babble_comes_from_other_voices_than_any_speech():
    speaking = {
        s.speaker_id for split in SPLITS for language in LANGUAGES for s in speakers_of(split, language)
    }
    for split in SPLITS:
        assert not speaking & {speaker.speaker_id for speaker in babble_speakers_of(split)}


def test_no_sentence_is_in_two_splits():
    said = {split: {u.sentence for u in items} for split, items in utterances().items()}
    assert (
        not said["train"] & said["test"]
        and not said["train"] & said["valid"]
        and not said["valid"] & said["test"]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_forty_different_sentences(language):
    assert len(set(SENTENCES[language])) == 40


@pytest.mark.parametrize("total, sizes", [(300, (240, 30, 30)), (10, (8, 1, 1)), (25, (21, 2, 2))])
def test_split_sizes(total, sizes):
    assert tuple(plan.split_sizes(total).values()) == sizes


def test_ids_are_unique_and_begin_with_the_speaker():
    for items in utterances().values():
        assert len({u.utterance_id for u in items}) == len(items)
        assert all(u.utterance_id.startswith(u.speaker.speaker_id + "_") for u in items)


def test_no_speaker_repeats_a_sentence_before_all_pairs_are_used():
    pairs = Counter((u.speaker.speaker_id, u.sentence) for u in plan.plan_utterances("train", 5 * 6 * 28, 0))
    assert set(pairs.values()) == {1} and len(pairs) == 5 * 6 * 28


def test_an_utterance_does_not_change_when_others_are_added():
    few, many = utterances(50), utterances(300)
    assert few["train"] == many["train"][: len(few["train"])]


def test_the_seed_matters():
    assert utterances(seed=0) != utterances(seed=1)


@pytest.mark.parametrize("split", SPLITS)
def test_small_splits_have_every_kind_of_noise_and_some_rooms(split):
    assert {noise.kind for noise in plan.plan_noises(split, 1, 0)} == set(KINDS)
    assert len(list(plan.plan_rooms(split, 1, 0))) == 4
