"""`urgent26 package`: the zip that the challenge's server takes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
examples:
  urgent26 package --template README.yaml      # a form; fill it in
  urgent26 package --inf_scp enhanced/ --noisy_scp noisy/ --readme README.yaml -o submission.zip

An enhanced file belongs to the noisy file with the same id: the first column of a list, or the path inside
a folder without its suffix. It becomes enhanced/NAME.flac (16 bit, one channel), NAME being that of the
noisy file. Rates and lengths have to be equal. The zip is checked as `urgent26 validate` does; if anything
is wrong, all of it is listed, nothing is written, and the exit code is 2.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--inf_scp", type=Path, metavar="F", help="enhanced files: a list (id path) or a folder"
    )
    parser.add_argument("--noisy_scp", type=Path, metavar="F", help="the noisy set as given, likewise")
    parser.add_argument("--readme", type=Path, metavar="F", help="the filled README.yaml")
    parser.add_argument("-o", "--output", type=Path, metavar="ZIP", help="the zip to write")
    parser.add_argument("--template", type=Path, metavar="F", help="only write an empty README.yaml there")
    parser.add_argument("--nj", type=int, metavar="N", help="worker processes (default: one per CPU core)")
    parser.add_argument("--force", action="store_true", help="replace what is there")


def run(arguments: argparse.Namespace) -> int:
    """Write the form or the zip; 2 where something is wrong with the submission."""
    if arguments.template is not None:
        return _write_template(arguments.template, arguments.force)
    for name in ("inf_scp", "noisy_scp", "readme", "output"):
        if getattr(arguments, name) is None:
            raise UserError(f"--{name} is missing (see urgent26 package --help)")

    from espnet_plugin.commands.validate import workers_of
    from espnet_plugin.scoring.run import read_files
    from espnet_plugin.submission.package import make_package

    package = make_package(
        read_files(arguments.inf_scp),
        read_files(arguments.noisy_scp),
        arguments.readme,
        arguments.output,
        workers_of(arguments.nj),
        arguments.force,
    )
    for problem in package.problems:
        print(f"urgent26 package: {problem}", file=sys.stderr)
    if package.problems:
        return 2
    print(f"written: {arguments.output} ({package.line()})")
    return 0


def _write_template(path: Path, force: bool) -> int:
    from espnet_plugin.atomic_write import write_text
    from espnet_plugin.submission.readme import TEMPLATE

    if path.exists() and not force:
        raise UserError(f"{path} exists; add --force to replace it")
    write_text(path, TEMPLATE)
    print(f"written: {path}; fill it in")
    return 0
