"""What of a text tells about the machine it was written on: paths and its name."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

#: An absolute path, or one below a home folder, where a word may begin; blanks in it follow a backslash.
_PATH = re.compile(
    r"""(?<![\w./<>~*})\]-])(?:file://)?(?:~\w*)?/(?!/)(?:\\[^,]|[^\s\\,;:'"`()<>|\[\]{}&*])+"""
)


def without_paths(text: str) -> str:
    """A text in which absolute paths are cut to their last part, and the machine's name is gone.

    >>> without_paths("--extra_test a=/data/me/noisy,/data/me/clean (see https://host/x, 1/2)")
    '--extra_test a=noisy,clean (see https://host/x, 1/2)'
    """
    # These may hold blanks, which would end a path for the pattern.
    for folder in sorted({str(Path.cwd()), str(Path.home())} - {"/"}, key=len, reverse=True):
        text = re.sub(rf"{re.escape(folder)}(?:/|(?![\w.-]))", "", text)
    text = _PATH.sub(lambda found: found.group().rstrip("/").rpartition("/")[2], text)
    name = socket.gethostname()
    # Plain words, such as "localhost", tell nothing and may stand for something else.
    if re.search(r"[\d.-]", name):
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "HOST", text)
    return text


def config_without_paths(value: Any) -> Any:
    """The content of a YAML file, with ``without_paths`` for every string in it."""
    if isinstance(value, Mapping):
        return {key: config_without_paths(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [config_without_paths(one) for one in value]
    if not isinstance(value, str):
        return value
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(value).is_absolute():  # all of it, with its blanks
            return kind(value).name
    return without_paths(value)
