"""What all tests share: the folder of reference numbers, and quiet, small defaults."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Defaults for the tests and for the processes they start. They stand here, before any import of
# numerical libraries, since those read them once.
for _name, _value in {
    "OMP_NUM_THREADS": "2",
    "NUMBA_NUM_THREADS": "2",
    "MPLBACKEND": "Agg",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(_name, _value)


def pytest_configure(config):
    try:
        from hypothesis import settings
    except ModuleNotFoundError:
        return
    settings.register_profile("repository", max_examples=15, deadline=None, database=None, print_blob=True)
    settings.load_profile("repository")


def pytest_collection_modifyitems(items):
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with reference numbers (``fixtures/``) and real recordings (``audio/``).

    ``URGENT26_SHARED`` names it; by default it lies beside the checkout. Without it the test is
    skipped, or fails where ``URGENT26_REQUIRE_SHARED=1`` says that it has to run.
    """
    folder = Path(os.environ.get("URGENT26_SHARED") or REPOSITORY.parent / "shared")
    if (folder / "fixtures").is_dir():
        return folder
    reason = "needs shared/ beside the checkout (or URGENT26_SHARED)"
    if os.environ.get("URGENT26_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def official(tmp_path) -> Path:
    """Folder of the five official files of a tiny GAP-URGENet."""
    from espnet_plugin.pretrained.gap_urgenet import save_official
    from tests.gap_urgenet.tiny import tiny_network

    save_official(tmp_path / "official", tiny_network())
    return tmp_path / "official"
