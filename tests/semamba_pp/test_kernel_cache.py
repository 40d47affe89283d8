"""Compiled kernels that their sources have overtaken."""

import os

from espnet_plugin.semamba_pp.kernel_cache import forget_outdated


def test_only_what_is_older_than_the_newest_source_goes(tmp_path):
    for number, name in enumerate(("a/one.py", "b/two.py"), start=1):
        path = tmp_path / name
        (path.parent / "__pycache__").mkdir(parents=True)
        path.touch()
        os.utime(path, (100 * number, 100 * number))
    old, new = tmp_path / "a/__pycache__/one.f-1.nbi", tmp_path / "b/__pycache__/two.g-1.nbi"
    for path, time_s in ((old, 150), (new, 250)):
        path.touch()
        os.utime(path, (time_s, time_s))
    forget_outdated([tmp_path / "a", tmp_path / "b"])
    assert not old.exists() and new.exists()


def test_nothing_compiled_yet(tmp_path):
    (tmp_path / "one.py").touch()
    forget_outdated([tmp_path])
