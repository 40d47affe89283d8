"""Compiled kernels that their sources have overtaken."""

import importlib
import os
import sys
from pathlib import Path

import pytest
from numba import config

from espnet_plugin.semamba_pp.kernel_cache import STAMP, cache_folder, forget_outdated


@pytest.fixture
def folders(tmp_path):
    """Two folders of sources with a kernel each, compiled from them."""
    both = [tmp_path / "a", tmp_path / "b"]
    for folder in both:
        folder.mkdir()
        (folder / "source.py").write_text("LANES = 16\n")
    forget_outdated(both)
    for folder in both:
        (cache_folder(folder) / "source.f-1.py313.nbi").touch()
        (cache_folder(folder) / "source.f-1.py313.1.nbc").touch()
    return both


def kernels(folders):
    return [len(list(cache_folder(folder).glob("*.nb?"))) for folder in folders]


def test_they_go_with_any_change_of_any_source_and_stay_without(folders):
    forget_outdated(folders)
    assert kernels(folders) == [2, 2]
    os.utime(folders[0] / "source.py", (9e9, 9e9))  # younger than the kernels, of the same content
    forget_outdated(folders)
    assert kernels(folders) == [2, 2]
    (folders[1] / "source.py").write_text("LANES = 8\n")
    os.utime(folders[1] / "source.py", (0, 0))  # an installer may give it the time of its release
    forget_outdated(folders)
    assert kernels(folders) == [0, 0]


def test_what_belongs_to_others_stays(folders):
    other = cache_folder(folders[0]) / "source.cpython-313.pyc"
    other.touch()
    (folders[0] / "new.py").write_text("X = 1\n")
    forget_outdated(folders)
    assert other.exists() and kernels(folders) == [0, 0]


def test_no_sources_at_all(tmp_path):
    forget_outdated([tmp_path])
    assert cache_folder(tmp_path) is None and not list(tmp_path.iterdir())


HELPER = """
from numba.extending import register_jitable

@register_jitable
def value():
    return {}
"""
KERNEL = """
from numba import njit
from helper_of_kernel import value

@njit(cache=True)
def kernel():
    return value()
"""


@pytest.mark.parametrize("place", ["beside", "chosen", "of the user"])
def test_wherever_numba_keeps_them(tmp_path, monkeypatch, place):
    """A kernel takes in another file's function; it is loaded as long as that is the same, and no longer."""
    folder = tmp_path / "sources"
    folder.mkdir()
    kept = folder / "__pycache__"
    if place == "chosen":
        kept = tmp_path / "chosen"
        monkeypatch.setattr(config, "CACHE_DIR", str(kept))
    elif place == "of the user":
        kept.touch()  # so that it can be no folder, not even for root
        kept = tmp_path / "user"
        monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(folder)
    answers = []
    for value in (1, 1, 2):
        (folder / "helper_of_kernel.py").write_text(HELPER.format(value))
        (folder / "kernel_with_helper.py").write_text(KERNEL)
        forget_outdated([folder])
        for name in ("helper_of_kernel", "kernel_with_helper"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        kernel = importlib.import_module("kernel_with_helper").kernel
        answers.append((kernel(), sum(kernel.stats.cache_hits.values())))
        found = Path(kernel.stats.cache_path)
        assert found == cache_folder(folder) and found.is_relative_to(kept) and (found / STAMP).is_file()
    assert answers == [(1, 0), (1, 1), (2, 0)]
