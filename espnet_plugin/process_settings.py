"""How a process of ours uses memory and threads, and how it ends.

The library itself leaves all this to the program that uses it.
"""

import atexit
import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Read by torch and its thread library when they are loaded.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "passive",  # threads that wait sleep, so that others get the cores
    "THP_MEM_ALLOC_ENABLE": "1",  # huge pages for large tensors
}

# Names of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def settle() -> None:
    """Set a process up for tensors that come and go; call it before torch is imported.

    By default glibc gives the memory of every large tensor back to the system at once, and the next tensor
    has to be filled page by page again, which is a tenth of the time of an enhancement. Here the process keeps
    what it once had. What the user has set in the environment stays; without glibc only the environment is set.

    At the process's end nothing is searched for garbage any more, which would take 0.7 s after torch and numba.
    """
    atexit.unregister(gc.freeze)  # once is enough
    atexit.register(gc.freeze)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(M_MMAP_MAX, 0)
    set_option(M_TRIM_THRESHOLD, 2**31 - 1)


@contextmanager
def loading() -> Iterator[None]:
    """Spares imports and new networks the search for garbage, which takes a twentieth of a short enhancement.

    They make half a million objects, all of which stay; these are not searched later either.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
