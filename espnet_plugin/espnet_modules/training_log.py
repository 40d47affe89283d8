"""The log of a training: what ESPnet logs and prints goes to a file, the progress stays on the terminal."""

import contextlib
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

LOG = "train.log"


def process_log(exp_dir: Path, rank: int | None) -> Path:
    """The log of one of several processes; the first one has ``train.log``."""
    return exp_dir / (f"train.process{rank}.log" if rank else LOG)


@contextlib.contextmanager
def logged(path: Path) -> Iterator[None]:
    """Send what is logged and printed within to a file, also the traceback of an error."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", buffering=1) as stream:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(module)s:%(lineno)d %(message)s"))
        # ESPnet's own set-up of the log does nothing where a handler exists.
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        try:
            with contextlib.redirect_stderr(stream), contextlib.redirect_stdout(stream):
                yield
        except KeyboardInterrupt:
            raise
        except (Exception, SystemExit):
            traceback.print_exc(file=stream)
            raise
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
