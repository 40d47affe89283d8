import errno
import subprocess
import sys
from types import SimpleNamespace

import pytest

from espnet_plugin import cli
from espnet_plugin.errors import UserError


def module_that(action):
    return SimpleNamespace(
        __doc__="Does something.\n\nAt length.",
        add_arguments=lambda parser: parser.add_argument("--number", type=int),
        run=lambda arguments: action(arguments.number),
    )


def raising(error):
    def action(_):
        raise error

    return module_that(action)


def test_help_lists_every_verb_without_heavy_imports():
    code = (
        "import sys; from espnet_plugin.cli import main; status = main(['--help']);"
        "heavy = {'numpy', 'torch', 'scipy', 'espnet2', 'yaml', 'soundfile'} & set(sys.modules);"
        "assert status == 0 and not heavy, heavy"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(f"  {verb} " in answer.stdout for verb in cli.VERBS)


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([verb, "--help"])
    assert stop.value.code == 0
    assert f"urgent26 {verb}" in capsys.readouterr().out


def test_mistakes_in_the_call(capsys):
    assert cli.main([]) == 2
    assert cli.main(["enhnace"]) == 2
    assert "there is no verb 'enhnace'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        cli.run_script("stage 9", module_that(lambda number: 0), ["--number", "many"])
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "error, words",
    [
        (UserError("the folder x\nis missing"), "the folder x is missing"),
        (ModuleNotFoundError("No module named 'pesq'", name="pesq"), "espnet-plugin[score]"),
        (PermissionError(errno.EACCES, "no", "/root/x"), "/root/x"),
        (OSError(errno.ENOSPC, "full", "/tmp/x"), "no space left for /tmp/x"),
    ],
)
def test_errors_of_users_are_one_line(error, words, capsys):
    assert cli.run_script("stage 9", raising(error), []) == 2
    message = capsys.readouterr().err
    assert message.startswith("stage 9: ") and words in message
    assert len(message.strip().splitlines()) == 1


def test_other_errors_are_not_hidden():
    for error in (ValueError("a fault of ours"), ModuleNotFoundError("No module named 'ours'", name="ours")):
        with pytest.raises(type(error)):
            cli.run_script("stage 9", raising(error), [])


def test_exit_codes(capsys):
    assert cli.run_script("stage 9", module_that(lambda number: number), ["--number", "1"]) == 1
    assert cli.run_script("stage 9", module_that(lambda number: None), []) == 0
    assert cli.run_script("stage 9", raising(KeyboardInterrupt()), []) == 130
    assert "interrupted; the same command continues" in capsys.readouterr().err


def test_what_continues_after_a_forced_run(capsys):
    def interrupt(arguments):
        raise KeyboardInterrupt

    interrupted = module_that(None)
    interrupted.add_arguments = lambda parser: parser.add_argument("--force", action="store_true")
    interrupted.run = interrupt
    assert cli.run_script("urgent26 enhance", interrupted, ["--force"]) == 130
    assert "the same command without --force continues" in capsys.readouterr().err
    assert cli.run_script("urgent26 score", interrupted, ["--force"]) == 130
    assert "the same command continues" in capsys.readouterr().err
