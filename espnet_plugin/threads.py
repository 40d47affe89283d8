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

SMALLEST_PARTS_PER_THREAD = 32  # if all parts were as small as the smallest

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def run_in_threads(
    kernel: Callable, arrays: Iterable, sequences: int, together: int = 1, aligned: bool = True
) -> None:
    """Call kernel(*arrays, first, last) on contiguous parts of the batch, which the threads take in turn.

    There are several parts per thread, and they become smaller, for cores that other programs use too are
    slower than others.

    Args:
        kernel: calculates the sequences first..last-1, each independently of the others.
        arrays: what it takes before the two numbers.
        sequences: size of the batch.
        together: sequences that the kernel calculates at once.
        aligned: parts begin at multiples of `together`; otherwise they are as large at most, and of one size.
    """
    threads = min(torch.get_num_threads(), -(-sequences // together) if aligned else sequences)
    if threads <= 1:
        kernel(*arrays, 0, sequences)
        return
    divide = _falling_parts if aligned else _equal_parts
    edges = divide(sequences, threads, together)
    numbers = itertools.count()  # its next one is taken by one thread only

    def work():
        while (part := next(numbers)) < len(edges) - 1:
            kernel(*arrays, *edges[part : part + 2])

    helpers = [_submit(work) for _ in range(threads - 1)]
    work()  # this thread takes parts itself
    for helper in helpers:
        helper.result()


def _falling_parts(sequences: int, threads: int, together: int) -> list[int]:
    """Edges of parts that are half of what is left for a thread, down to a small one."""
    groups = -(-sequences // together)
    least, edges = -(-groups // (SMALLEST_PARTS_PER_THREAD * threads)), [0]
    while edges[-1] < groups:
        left = groups - edges[-1]
        edges.append(edges[-1] + min(max(left // (2 * threads), least), left))
    return [min(edge * together, sequences) for edge in edges]


def _equal_parts(sequences: int, threads: int, largest: int) -> list[int]:
    """Edges of parts of nearly one size, as many for each thread."""
    parts = min(-(-sequences // (largest * threads)) * threads, sequences)
    return [sequences * i // parts for i in range(parts + 1)]


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
