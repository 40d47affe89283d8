"""The command ``urgent26``: a table of verbs, each imported only when it is called."""

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from espnet_plugin import process_settings
from espnet_plugin.errors import EXTRA_OF_MODULE, UserError, missing_module

PROGRAM = "urgent26"

#: verb: (module with ``add_arguments(parser)`` and ``run(arguments) -> int``, help in one line)
VERBS = {
    "enhance": ("espnet_plugin.commands.enhance", "enhance a file, a folder or a list of recordings"),
    "serve": ("espnet_plugin.commands.serve", "a web page to enhance recordings on this machine"),
    "convert": ("espnet_plugin.commands.convert", "convert an official checkpoint into a pack of ours"),
    "export": ("espnet_plugin.commands.export", "a model as an ONNX file, for programs without torch"),
    "mini-corpus": ("espnet_plugin.commands.mini_corpus", "build the built-in corpus; no download"),
    "simulate": ("espnet_plugin.commands.simulate", "simulate degraded speech from a corpus"),
    "fine-tune": ("espnet_plugin.commands.fine_tune", "train a released model further on your own folder"),
    "analyse": ("espnet_plugin.commands.analyse", "look into a trained model: tables and pictures"),
    "score": ("espnet_plugin.commands.score", "score recordings with and without references"),
    "weights": ("espnet_plugin.commands.weights", "the weights of metrics: what is at hand, fetch the rest"),
    "rank": ("espnet_plugin.commands.rank", "rank systems as the challenge, among the published ones"),
    "report": ("espnet_plugin.commands.report", "one page to listen: players, spectrograms, scores, blind test"),
    "package": ("espnet_plugin.commands.package", "make the submission to the challenge"),
    "validate": ("espnet_plugin.commands.validate", "list what a server would refuse in a submission"),
    "card": ("espnet_plugin.commands.card", "write the model card of an experiment"),
    "upload": ("espnet_plugin.commands.upload", "upload a model to the Hugging Face hub"),
    "bench": ("espnet_plugin.commands.bench", "how fast the models are on this machine"),
    "compare": ("espnet_plugin.commands.compare", "quality and cost of several models on your recordings"),
    "doctor": ("espnet_plugin.commands.doctor", "what is installed, what is active, and what to do"),
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def usage() -> str:
    """The text of ``urgent26 --help``."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {help_line}" for verb, (_, help_line) in VERBS.items()]
    return "\n".join(
        [
            f"usage: {PROGRAM} VERB [options]",
            "",
            "Universal speech enhancement: models, data, scores.",
            "",
            "verbs:",
            *lines,
            "",
            f"{PROGRAM} VERB --help explains one verb. Errors are one line and exit with code 2.",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: the arguments without the program's name; default: those of the process.

    Returns:
        The exit code: 0 success, 1 the verb's own "no", 2 a mistake the user can mend, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(f"{PROGRAM} {version('espnet-plugin')}")
        return 0
    verb = arguments[0]
    if verb not in VERBS:
        return _fail(PROGRAM, f"there is no verb '{verb}'; choose from {', '.join(VERBS)}")
    module_name, help_line = VERBS[verb]
    return _run(f"{PROGRAM} {verb}", help_line, lambda: importlib.import_module(module_name), arguments[1:])


def run_script(program: str, module: ModuleType, argv: Sequence[str] | None = None) -> int:
    """Run a module that has ``add_arguments`` and ``run``; the scripts of the recipe are such modules.

    Args:
        program: its name in messages.
        module: its docstring's first line is the help.
        argv: default: the arguments of the process.

    Returns:
        The exit code, see ``main``.
    """
    help_line = (module.__doc__ or "").strip().partition("\n")[0]
    return _run(program, help_line, lambda: module, list(sys.argv[1:] if argv is None else argv))


def _run(program: str, help_line: str, import_module: Callable[[], ModuleType], argv: list[str]) -> int:
    process_settings.settle()
    try:
        module = import_module()
        parser = Parser(prog=program, description=help_line, allow_abbrev=False)
        module.add_arguments(parser)
        return module.run(parser.parse_args(argv)) or 0
    except UserError as error:
        return _fail(program, str(error))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA_OF_MODULE:
            raise
        return _fail(program, str(missing_module(error.name)))
    except PermissionError as error:
        remedy = "change its rights or choose another folder"
        return _fail(program, f"no permission for {error.filename}; {remedy}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        place = error.filename or "the output folder"
        return _fail(program, f"no space left for {place}; free some and run the same command again")
    except KeyboardInterrupt:
        # Its record knows what is old; other verbs would take that for done.
        old_is_known = program.endswith(" enhance") and "--force" in argv
        again = "the same command without --force" if old_is_known else "the same command"
        print(f"\n{program}: interrupted; {again} continues", file=sys.stderr)
        return 130


def _fail(program: str, message: str) -> int:
    sys.stdout.flush()
    print(f"{program}: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
