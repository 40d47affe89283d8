"""Memory and threads of a process of ours."""

import gc
import subprocess
import sys

import pytest

from espnet_plugin import process_settings

PROBE = """
import os, resource, sys
{first}
from espnet_plugin import process_settings
assert "torch" not in sys.modules
process_settings.settle()
print(os.environ["OMP_WAIT_POLICY"], os.environ["THP_MEM_ALLOC_ENABLE"])
import numpy as np
def faults(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(size, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
size = 100 * 2**20
first, second = faults(size), faults(size)
print(first, second)
"""


PROBE_OF_THE_END = """
from espnet_plugin import process_settings
{settle}
class Garbage:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("found")
Garbage()
"""


def probe(first=""):
    lines = subprocess.run(
        [sys.executable, "-c", PROBE.format(first=first)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return lines[0], [int(count) for count in lines[1].split()]


def test_memory_is_kept():
    environment, (first, second) = probe()
    assert environment == "passive 1"
    assert second < first / 10


def test_what_the_user_has_set_stays():
    environment, (first, second) = probe(
        "os.environ.update(OMP_WAIT_POLICY='active', THP_MEM_ALLOC_ENABLE='0', MALLOC_ARENA_MAX='1')"
    )
    assert environment == "active 0"
    assert second > first / 2


@pytest.mark.parametrize("settle, found", [("", "found\n"), ("process_settings.settle()", "")])
def test_no_search_for_garbage_at_the_end(settle, found):
    command = [sys.executable, "-c", PROBE_OF_THE_END.format(settle=settle)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == found


def test_loading_collects_nothing_and_leaves_collection_on():
    before = gc.get_freeze_count()
    with process_settings.loading():
        assert not gc.isenabled()
    try:
        assert gc.isenabled() and gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
