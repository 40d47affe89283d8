"""Work is dealt out whole, and torch's number of threads is what it was."""

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


@pytest.mark.parametrize("sequences", [1, 2, 7])
def test_every_part_once(threads, sequences):
    counts = np.zeros(sequences, int)

    def kernel(counts, first, last):
        counts[first:last] += 1

    run_in_threads(kernel, (counts,), sequences)
    assert (counts == 1).all()


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
