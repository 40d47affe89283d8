"""Work for as many threads as torch uses, dealt out by hand.

For kernels of numba, which know no threads, and for long rows of small operations of torch, in which its own
threads would wait for each other after every one.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import torch

PARTS_PER_THREAD = 8

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def run_in_threads(kernel: Callable, arrays: Iterable, sequences: int, together: int = 1) -> None:
    """Call kernel(*arrays, first, last) on contiguous parts of the batch, which the threads take in turn.

    There are several parts per thread, for cores that other programs use too are slower than others.

    Args:
        kernel: calculates the sequences first..last-1, each independently of the others.
        arrays: what it takes before the two numbers.
        sequences: size of the batch.
        together: sequences that the kernel calculates at once; parts are multiples of them.
    """
    groups = -(-sequences // together)
    threads = min(torch.get_num_threads(), groups)
    if threads <= 1:
        kernel(*arrays, 0, sequences)
        return
    parts = min(PARTS_PER_THREAD * threads, groups)
    edges = [min(groups * i // parts * together, sequences) for i in range(parts + 1)]
    numbers = itertools.count()  # its next one is taken by one thread only

    def work():
        while (part := next(numbers)) < parts:
            kernel(*arrays, *edges[part : part + 2])

    helpers = [_submit(work) for _ in range(threads - 1)]
    work()  # this thread takes parts itself
    for helper in helpers:
        helper.result()


def run_one_thread_each(tasks: Iterable[Callable[[], object]]) -> None:
    """Call functions that use torch without gradients, several at once, each within one thread."""
    threads = torch.get_num_threads()
    if threads <= 1:
        for task in tasks:
            task()
        return
    running = [_submit(_within_one_thread, task) for task in tasks]
    try:
        for task in running:
            task.result()
    finally:
        # Each thread has its own number, but the last one set is what new threads begin with.
        torch.set_num_threads(threads)


@contextmanager
def one_thread_without_gradients() -> Iterator[None]:
    """Lets torch work with one thread inside, except for training.

    For small steps whose last bits depend on how torch deals them out to threads (functions that it
    calculates for several numbers at once and for the last ones singly, sums over a whole plane), so that a
    result does not depend on the number of threads.
    """
    threads = torch.get_num_threads()
    if torch.is_grad_enabled() or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _within_one_thread(task: Callable[[], object]) -> None:
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    with torch.inference_mode():  # threads do not inherit it
        task()


def _submit(function: Callable, *arguments) -> Future:
    threads = torch.get_num_threads()
    key = (os.getpid(), threads)  # threads do not survive a fork: a child needs its own pool
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="espnet_plugin")
    return _pools[key].submit(function, *arguments)
