"""The set-up script, with interpreters and a pip that only pretend."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# A stand-in for an interpreter: knows its version, makes an environment of itself, and its pip does
# what the file `pip` beside it says.
FAKE_PYTHON = """#!/bin/bash
here=$(dirname "$(readlink -f "$0")")
case "$1 $2" in
    "-c "*) [[ $2 == *ensurepip* && -e $here/no-ensurepip ]] && exit 1
            [[ -z $2 ]] || echo {version} ;;
    "-m venv") mkdir -p "$3/bin"; : > "$3/pyvenv.cfg"; cp "$here"/* "$3/bin/"; cp "$0" "$3/bin/python" ;;
    "-m pip") [[ $3 == --version ]] && exit 0
              echo "$@" >> "$here/calls"
              for argument in "$@"; do [[ $last == --log ]] && log=$argument; last=$argument; done
              source "$here/pip" ;;
esac
"""


class Checkout:
    """A checkout with the script, and a PATH of the usual tools and the interpreters that are put there."""

    def __init__(self, folder: Path, repository: Path):
        self.root = folder / "check out"
        self.bin = folder / "bin"
        self.home = folder / "home"
        for path in (self.root / "local", self.bin, self.home):
            path.mkdir(parents=True)
        shutil.copy(repository / "local" / "install.sh", self.root / "local")
        (self.root / "setup.py").write_text("first")
        tools = "bash env awk cat cksum cp mv rm mkdir rmdir dirname basename readlink grep sort tail find df"
        for tool in [*tools.split(), "du", "flock", "sleep"]:
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)

    def add_python(self, version: str, pip: str = "exit 0", name: str = "") -> Path:
        folder = self.home / f"python-{version}"
        folder.mkdir(exist_ok=True)
        minor = version.rsplit(".", 1)[0]
        path = folder / (name or f"python{minor}")
        path.write_text(FAKE_PYTHON.format(version=version))
        path.chmod(0o755)
        (folder / "pip").write_text(pip)
        (self.bin / path.name).symlink_to(path)
        return path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        env = {"PATH": str(self.bin), "HOME": str(self.home), "LC_ALL": "C", **environment}
        return subprocess.Popen(
            ["bash", str(self.root / "local" / "install.sh"), *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def pip_calls(self) -> int:
        calls = self.venv / "bin" / "calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0


@pytest.fixture
def checkout(tmp_path, repository):
    return Checkout(tmp_path, repository)


def assert_one_line(result: subprocess.CompletedProcess, *words: str) -> None:
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def test_takes_the_newest_and_is_silent_when_done(checkout):
    checkout.add_python("3.11.7")
    checkout.add_python("3.13.0")
    checkout.add_python("3.14.1")
    first = checkout.run()
    assert first.returncode == 0, first.stderr
    assert "Python 3.13.0" in first.stdout and "6.6 GB" in first.stdout
    assert ".[train,score,corpus,serve,export,dev]" in (checkout.venv / "bin" / "calls").read_text()
    second = checkout.run()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert checkout.pip_calls() == 1


def test_a_changed_setup_py_installs_again(checkout):
    checkout.add_python("3.12.1")
    checkout.run()
    (checkout.root / "setup.py").write_text("second")
    assert checkout.run().returncode == 0
    assert checkout.pip_calls() == 2


def test_a_setup_py_that_changes_during_the_installation(checkout):
    checkout.add_python("3.12.1", pip=f"echo later > '{checkout.root}/setup.py'")
    checkout.run()
    assert checkout.run().returncode == 0
    assert checkout.pip_calls() == 2


def test_finds_pyenv_and_reads_PYTHON(checkout):
    path = checkout.add_python("3.12.1")
    (checkout.bin / path.name).unlink()
    assert_one_line(checkout.run(), "no Python 3.11, 3.12 or 3.13", "install")
    for version in ("3.12.1", "3.12.10"):
        folder = checkout.home / ".pyenv" / "versions" / version / "bin"
        shutil.copytree(path.parent, folder)
        (folder / "python").write_text(FAKE_PYTHON.format(version=version))
        (folder / "python").chmod(0o755)
    assert "Python 3.12.10" in checkout.run().stdout
    assert_one_line(checkout.run(PYTHON="python3.9"), "PYTHON=python3.9", "unset")
    assert checkout.run(PYTHON="python3.12").returncode == 0
    checkout.add_python("3.11.2")
    assert_one_line(checkout.run(PYTHON="python3.11"), "another Python", "URGENT26_VENV")
    assert checkout.pip_calls() == 1
    assert checkout.run(PYTHON="python3.11", URGENT26_VENV=str(checkout.home / "old")).returncode == 0


def test_interpreter_without_ensurepip(checkout):
    path = checkout.add_python("3.12.1")
    (path.parent / "no-ensurepip").touch()
    assert_one_line(checkout.run(), "lacks the modules venv and ensurepip", "python3.12-venv")


@pytest.mark.parametrize(
    "message, words",
    [
        ("NewConnectionError: Failed to establish it", ("cannot reach the package index", "network")),
        ("OSError: [Errno 28] No space left on device", ("no space left", "free about")),
        ("error: command 'gcc' failed: No such file or directory", ("compiler", "build-essential")),
        ("ERROR: No matching distribution found for torch>=9", ("no fitting version", "torch>=9")),
        ("something else", ("read", "set-up.log")),
    ],
)
def test_failures_of_pip_are_one_line_and_the_next_run_continues(checkout, message, words):
    path = checkout.add_python("3.13.0", pip=f'echo "{message}" >&2; exit 1')
    assert_one_line(checkout.run(), *words)
    assert "set-up.log" in "".join(str(file) for file in checkout.venv.iterdir())
    for copy in (path.parent / "pip", checkout.venv / "bin" / "pip"):
        copy.write_text("exit 0")
    assert checkout.run().returncode == 0
    assert checkout.pip_calls() == 2, "the environment was made anew instead of being continued"


def test_a_package_that_was_half_installed_is_installed_again(checkout):
    checkout.add_python("3.13.0")
    checkout.run()
    packages = checkout.venv / "lib" / "python3.13" / "site-packages"
    contents = {"whole-1.dist-info": ["METADATA", "RECORD", "INSTALLER"], "half-1.dist-info": ["METADATA"]}
    for name, files in contents.items():
        (packages / name).mkdir(parents=True)
        for file in files:
            (packages / name / file).touch()
    (checkout.venv / ".set-up-finished").unlink()
    assert checkout.run().returncode == 0
    assert sorted(path.name for path in packages.iterdir()) == ["whole-1.dist-info"]


def test_too_little_space(checkout):
    checkout.add_python("3.13.0")
    (checkout.bin / "df").unlink()
    df = checkout.bin / "df"
    df.write_text("#!/bin/bash\nprintf 'head\\ndisk 9 9 3145728 1%% /\\n'\n")
    df.chmod(0o755)
    assert_one_line(checkout.run(), "3 GB free", "10 GB are needed")
    assert not checkout.venv.exists()


def test_a_folder_of_the_user_is_never_removed(checkout):
    checkout.add_python("3.13.0")
    mine = checkout.home / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    assert_one_line(checkout.run(URGENT26_VENV=str(mine)), "no virtual environment")
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_an_environment_of_the_user_is_used_or_left_alone(checkout):
    path = checkout.add_python("3.13.0")
    subprocess.run([path, "-m", "venv", checkout.venv], check=True)
    (checkout.venv / "of the user").touch()
    other = checkout.add_python("3.12.1")
    words = ("no virtual environment of Python 3.12.1", "move it away")
    assert_one_line(checkout.run(PYTHON=str(other)), *words)
    assert checkout.run().returncode == 0
    assert (checkout.venv / "of the user").exists()


def test_an_environment_killed_in_its_making_is_made_again(checkout):
    checkout.add_python("3.13.0")
    checkout.venv.mkdir()
    (checkout.venv / ".checkout").write_text(f"checkout {checkout.root}\n")
    (checkout.venv / "bin").mkdir()
    assert checkout.run().returncode == 0
    assert checkout.pip_calls() == 1


def test_a_moved_checkout_gets_a_new_environment(checkout):
    checkout.add_python("3.13.0")
    checkout.run()
    (checkout.venv / "of the old place").touch()
    moved = checkout.root.with_name("moved")
    checkout.root.rename(moved)
    checkout.root = moved
    assert checkout.run().returncode == 0
    assert not (checkout.venv / "of the old place").exists()


@pytest.mark.skipif(shutil.which("flock") is None, reason="needs the program flock")
def test_two_at_the_same_time_install_once(checkout):
    checkout.add_python("3.13.0", pip="sleep 1; exit 0")
    both = [checkout.start(), checkout.start()]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert checkout.pip_calls() == 1
    assert sum("waiting" in out for out, _ in outputs) == 1


def test_costs_next_to_nothing_when_done(checkout):
    checkout.add_python("3.13.0")
    checkout.run()
    # No interpreter is started: it would take longer than all the rest.
    (checkout.venv / "bin" / "python").write_text("#!/bin/bash\nexit 1\n")
    assert checkout.run().returncode == 0
    assert os.access(checkout.venv / "bin" / "python", os.X_OK)
