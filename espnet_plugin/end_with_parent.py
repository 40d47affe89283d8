"""Worker processes that do not outlive the process they work for."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """End this worker process as soon as its parent is gone; the initializer of process pools.

    The workers of a pool whose parent was killed wait for work for ever: each of them holds the other end of
        the
    pipe it reads from, so none ever sees it closed.
    """
    parent = multiprocessing.parent_process()
    if parent is None:  # not a worker
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="end with parent", daemon=True).start()
