"""What frozen networks gave is found again by what it was made of, and is never wrong."""

import logging
import multiprocessing
import os
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.training.frozen_cache import FrozenCache, fingerprint


class Network(torch.nn.Module):
    """Gives two outputs and counts its calls and their items."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = torch.nn.Linear(8, 8)
        self.calls = []

    def forward(self, segments):
        self.calls.append(len(segments))
        features = self.layer(segments.reshape(len(segments), -1, 8))
        return features, features.transpose(1, 2)


def cache_of(folder, network, limit_bytes=2**20, **options):
    return FrozenCache(folder, limit_bytes, {"one": fingerprint(network, options)})


def segments(items=3, samples=32, seed=0):
    return torch.randn(items, samples, generator=torch.Generator().manual_seed(seed))


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@torch.no_grad()
@pytest.mark.parametrize("items, samples", [(1, 8), (3, 32), (5, 800)])
def test_a_hit_equals_a_miss_in_every_bit(tmp_path, items, samples):
    network, waves = Network(), segments(items, samples)
    made = cache_of(tmp_path, network).outputs("all", waves, network)
    assert network.calls == [1] * items
    read = cache_of(tmp_path, network).outputs("all", waves.clone(), network)
    assert network.calls == [1] * items
    for mine, theirs, plain in zip(made, read, network(waves), strict=True):
        assert torch.equal(mine, theirs) and mine.shape == plain.shape
        torch.testing.assert_close(mine, plain)


@torch.no_grad()
@given(st.permutations(range(4)), st.integers(1, 4))
def test_batches_do_not_matter(tmp_path_factory, order, count):
    folder, network = tmp_path_factory.mktemp("cache"), Network()
    waves = segments(4)
    everything = cache_of(folder, network).outputs("all", waves, network)
    network.calls.clear()
    chosen = cache_of(folder, network).outputs("all", waves[order[:count]], network)
    assert not network.calls
    for some, all_of_it in zip(chosen, everything, strict=True):
        assert torch.equal(some, all_of_it[order[:count]])


def changed_sample(waves):
    waves = waves.clone()
    waves[0, 5] += 1e-7
    return waves


@torch.no_grad()
@pytest.mark.parametrize(
    "difference",
    [
        lambda cache, network, waves: cache.outputs("other kind", waves, network),
        lambda cache, network, waves: cache.outputs("all", changed_sample(waves), network),
        lambda cache, network, waves: cache.outputs("all", waves[:, :24], network),
        lambda cache, network, waves: cache.outputs("all", waves, network, []),
        lambda cache, network, waves: cache_of(cache.folder, Network(1)).outputs("all", waves, network),
        lambda cache, network, waves: cache_of(cache.folder, network, heads=2).outputs("all", waves, network),
        lambda cache, network, waves: cache.outputs("all", waves.double(), lambda s: network(s.float())),
    ],
    ids=["kind", "sample", "length", "networks", "weights", "options", "precision"],
)
def test_what_differs_is_computed(tmp_path, difference):
    network, waves = Network(), segments(1)
    cache = cache_of(tmp_path, network)
    cache.outputs("all", waves, network)
    difference(cache, network, waves)
    assert len(network.calls) == 2 and len(files(tmp_path)) == 2


@torch.no_grad()
def test_lower_precision_is_kept_apart(tmp_path):
    network, waves = Network(), segments(1)
    cache = cache_of(tmp_path, network)
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16):
            (rounded, _) = cache.outputs("all", waves, network)
        (exact, _) = cache.outputs("all", waves, network)
        assert (rounded.dtype, exact.dtype) == (torch.bfloat16, torch.float32)
    assert len(network.calls) == 2


@torch.no_grad()
def test_only_the_networks_that_take_part_count(tmp_path):
    network, waves = Network(), segments(1)
    for other in ("a", "b"):
        cache = FrozenCache(tmp_path, 2**20, {"one": "x", "two": other})
        cache.outputs("all", waves, network, ["one"])
    assert len(network.calls) == 1


@pytest.mark.parametrize("damage", ["cut", "empty", "one bit", "other content"])
@torch.no_grad()
def test_broken_files_are_made_again(tmp_path, caplog, damage):
    network, waves = Network(), segments(2)
    before = cache_of(tmp_path, network).outputs("all", waves, network)
    one, other = files(tmp_path)
    content = bytearray(one.read_bytes())
    content[len(content) // 2] ^= 1
    contents = {"cut": content[:-9], "empty": b"", "one bit": content, "other content": b"x" * 99}
    one.write_bytes(contents[damage])
    network.calls.clear()
    for _ in range(2):  # the second time it is whole
        after = cache_of(tmp_path, network).outputs("all", waves, network)
        assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert network.calls == [1] and caplog.text.count("is broken") == 1


@torch.no_grad()
def test_what_a_killed_process_left_is_removed_after_a_while(tmp_path):
    network, waves = Network(), segments(1)
    leftovers = [tmp_path / "ab" / f".{age}.tmp" for age in ("new", "old")]
    leftovers[0].parent.mkdir()
    for leftover in leftovers:
        leftover.write_bytes(b"half")
    os.utime(leftovers[1], (time.time() - 7200,) * 2)
    cache_of(tmp_path, network).outputs("all", waves, network)
    assert [leftover.exists() for leftover in leftovers] == [True, False]


@torch.no_grad()
def test_a_full_folder_is_said_once_and_stays_useful(tmp_path, caplog):
    network, waves = Network(), segments(6)
    cache_of(tmp_path, network).outputs("all", waves[:1], network)
    size = files(tmp_path)[0].stat().st_size
    cache = cache_of(tmp_path, network, limit_bytes=3.5 * size)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            cache.outputs("all", waves, network)
    assert caplog.text.count("gets no more outputs") == 1 and "frozen_cache_gib" in caplog.text
    assert len(files(tmp_path)) == 3
    assert len(network.calls) == 1 + 5 + 3


@torch.no_grad()
def test_a_folder_that_cannot_be_written_to_stops_nothing(tmp_path, caplog):
    (tmp_path / "file").write_bytes(b"")
    network, waves = Network(), segments(2)
    (made, _) = cache_of(tmp_path / "file" / "cache", network).outputs("all", waves, network)
    torch.testing.assert_close(made, network(waves)[0])
    assert caplog.text.count("cannot be written to") == 1


def fill(folder, together):
    network = Network()
    together.wait(60)
    with torch.no_grad():
        cache_of(folder, network).outputs("all", segments(40, 800), network)


def test_two_processes_share_a_folder(tmp_path, caplog):
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    other = context.Process(target=fill, args=(tmp_path, together))
    other.start()
    fill(tmp_path, together)
    other.join(60)
    network = Network()
    with torch.no_grad():
        cache_of(tmp_path, network).outputs("all", segments(40, 800), network)
    assert other.exitcode == 0 and not network.calls
    assert len(files(tmp_path)) == 40 and "broken" not in caplog.text
