"""`urgent26 validate`: what a server would refuse in a submission."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
example:
  urgent26 validate submission.zip --noisy_scp noisy/

Checked are the set of names, rate, length, channels and sample type of every file (each is decoded), every
key of README.yaml, the size, and that nothing else is in the zip. All problems are listed, one line each;
exit code 2 if there is one.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("archive", type=Path, metavar="ZIP", help="the submission")
    parser.add_argument(
        "--noisy_scp",
        type=Path,
        required=True,
        metavar="F",
        help="the noisy set as given by the organisers: a list (id path) or a folder",
    )
    parser.add_argument("--nj", type=int, metavar="N", help="worker processes (default: one per CPU core)")


def run(arguments: argparse.Namespace) -> int:
    """List all problems; 2 if there is one."""
    from espnet_plugin.scoring.run import read_files
    from espnet_plugin.submission.validate import submission_problems

    noisy = read_files(arguments.noisy_scp)
    problems = submission_problems(arguments.archive, noisy, workers_of(arguments.nj))
    for problem in problems:
        print(f"urgent26 validate: {arguments.archive}: {problem}", file=sys.stderr)
    if problems:
        return 2
    print(f"{arguments.archive}: {len(noisy)} files and README.yaml are as they should be")
    return 0


def workers_of(nj: int | None) -> int:
    """The number of processes that the option ``--nj`` means.

    Raises:
        UserError: it is below 1.
    """
    from espnet_plugin.machine import usable_cores

    if nj is not None and nj < 1:
        raise UserError(f"--nj must be at least 1, not {nj}")
    return usable_cores() if nj is None else nj
