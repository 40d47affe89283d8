import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.challenge.source_pool import SourcePool

from .plain_pool import PlainPool

RATES_HZ = (8000, 16000, 22050, 48000)


def pools(kind, counts, reuse):
    return kind({rate: [f"{rate}_{n}" for n in range(count)] for rate, count in counts.items()}, reuse)


@given(
    counts=st.dictionaries(st.sampled_from(RATES_HZ), st.integers(1, 6), max_size=4),
    speech_hz=st.lists(st.sampled_from(RATES_HZ), max_size=40),
    reuse=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_same_files_and_numbers_as_with_arrays(counts, speech_hz, reuse, seed):
    ours, plain = pools(SourcePool, counts, reuse), pools(PlainPool, counts, reuse)
    random, plain_random = np.random.RandomState(seed), np.random.RandomState(seed)
    for rate_hz in speech_hz:
        assert ours.draw(random, rate_hz) == plain.draw(plain_random, rate_hz)
    assert random.random_sample() == plain_random.random_sample()


@pytest.mark.parametrize("count", [1, 2, 1000, 100_000])
def test_one_bounded_number_is_the_choice_from_a_list(count):
    ids = [f"id{n}" for n in range(count)]
    random, plain = np.random.RandomState(1), np.random.RandomState(1)
    for _ in range(20):
        assert ids[random.randint(count)] == plain.choice(ids)
    assert random.random_sample() == plain.random_sample()


def test_every_file_once_before_any_again():
    pool, random = pools(SourcePool, {8000: 3, 16000: 4, 48000: 2}, reuse=True), np.random.RandomState(0)
    first = [pool.draw(random, 16000) for _ in range(6)]
    assert len(set(first)) == 6 and {uid[:5] for uid in first[:4]} == {"16000"}
    again = [pool.draw(random, 16000) for _ in range(30)]
    assert set(again) == {f"16000_{n}" for n in range(4)}


def test_a_lower_rate_is_never_drawn_and_an_empty_pool_gives_nothing():
    pool, random = pools(SourcePool, {8000: 3, 16000: 1}, reuse=False), np.random.RandomState(0)
    assert pool.draw(random, 16000) == "16000_0"
    assert pool.draw(random, 16000) is None and pool.draw(random, 48000) is None
    assert pool.draw(random, 8000).startswith("8000_")
