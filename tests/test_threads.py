"""Work is dealt out whole, and torch's number of threads is what it was."""

import threading
from collections import Counter

import numpy as np
import pytest
import torch

from espnet_plugin.threads import one_thread_without_gradients, run_in_threads, run_one_thread_each


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("sequences", [1, 2, 7, 100])
@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("aligned", [True, False])
def test_every_part_once(threads, sequences, together, aligned):
    counts, size_at = np.zeros(sequences, int), {}

    def kernel(counts, first, last):
        assert threads == 1 or not aligned or first % together == 0
        counts[first:last] += 1
        size_at[first] = last - first

    run_in_threads(kernel, (counts,), sequences, together, aligned)
    assert (counts == 1).all()
    sizes = [size for _, size in sorted(size_at.items())]
    if threads > 1 and aligned:
        assert sizes == sorted(sizes, reverse=True) and sizes[-1] <= together * -(-sequences // 64)
    if threads > 1 and not aligned:
        assert max(sizes) <= together and max(sizes) - min(sizes) <= 1
        assert len(sizes) % threads == 0 or len(sizes) == sequences


def test_a_slow_thread_takes_fewer_parts(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    sizes, others_done = Counter(), threading.Event()

    def kernel(first, last):
        sizes[threading.current_thread()] += last - first
        if first == 0:  # whoever takes the first one does no other
            assert others_done.wait(60)
        elif sum(sizes.values()) == 100:
            others_done.set()

    run_in_threads(kernel, (), 100)
    assert sorted(sizes.values()) == [25, 75]


def test_a_failing_kernel_is_passed_on(threads):
    def kernel(first, last):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_in_threads(kernel, (), 5)


def test_tasks_have_one_thread_and_no_gradients(threads):
    seen = []

    @torch.inference_mode()
    def run():
        run_one_thread_each([lambda: seen.append((torch.get_num_threads(), torch.is_grad_enabled()))] * 5)

    run()
    assert seen == [(1, False)] * 5
    assert torch.get_num_threads() == threads


def test_a_failure_is_passed_on(threads):
    with pytest.raises(ZeroDivisionError):
        run_one_thread_each([lambda: None, lambda: 1 / 0])
    assert torch.get_num_threads() == threads


def test_one_thread_but_for_training(threads):
    with one_thread_without_gradients():
        assert torch.get_num_threads() == threads
    with torch.inference_mode(), pytest.raises(ZeroDivisionError), one_thread_without_gradients():
        assert torch.get_num_threads() == 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == threads
