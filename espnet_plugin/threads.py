"""Work for as many threads as torch uses, dealt out by hand.

For kernels of numba, which know no threads, and for long rows of small operations of torch, in which its own
threads would wait for each other after every one.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import torch

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def run_in_threads(kernel: Callable, arrays: Iterable, sequences: int) -> None:
    """Call kernel(*arrays, first, last) on contiguous parts of the batch, one part a thread."""
    threads = min(torch.get_num_threads(), sequences)
    if threads <= 1:
        kernel(*arrays, 0, sequences)
        return
    edges = [sequences * i // threads for i in range(threads + 1)]
    parts = [_submit(kernel, *arrays, *edges[i : i + 2]) for i in range(1, threads)]
    kernel(*arrays, *edges[:2])  # this thread does a part itself
    for part in parts:
        part.result()


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
