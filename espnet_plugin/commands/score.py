"""`urgent26 score`: all metrics of a folder of recordings."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
examples:
  urgent26 score --inf_scp enhanced/ --ref_scp clean/ --output_dir scores
  urgent26 score --inf_scp spk1.scp --ref_scp data/test/spk1.scp --output_dir scores --nj 4
  urgent26 score --inf_scp recordings/ --output_dir scores --metrics dnsmos

A file belongs to the reference with the same id: the first column of a list, or the path inside a
folder without its suffix. Both must have one channel, the same sampling rate and the same length. Each
file is scored at its own rate.

metrics (better values: higher, LSD lower):
  PESQ     perceived quality, ITU-T P.862, 1 to 4.6        needs references
  ESTOI    intelligibility, 0 to 1                         needs references
  SI_SDR   scale-invariant signal-to-distortion ratio, dB  needs references
  SDR      BSS Eval's signal-to-distortion ratio, dB       needs references
  LSD      log-spectral distance                           needs references
  DNSMOS   predicted opinion score, 1 to 5                 no references

The output folder gets <METRIC>.scp (id and value), scores.json (means with 95 % intervals) and RESULTS.md.
A second call computes only what is missing or what has changed since. Exit code 1: some files could not be
scored; they are listed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--inf_scp",
        type=Path,
        required=True,
        metavar="F",
        help="recordings to be scored: a list (id path) or a folder",
    )
    parser.add_argument(
        "--ref_scp",
        type=Path,
        metavar="F",
        help="clean references, likewise; without it only DNSMOS is computed",
    )
    parser.add_argument("--output_dir", type=Path, required=True, metavar="D", help="folder for the scores")
    parser.add_argument("--metrics", metavar="A,B", help="only these, separated by commas (default: all)")
    parser.add_argument("--nj", type=int, metavar="N", help="worker processes (default: one per CPU core)")
    parser.add_argument("--force", action="store_true", help="compute everything anew")


def run(arguments: argparse.Namespace) -> int:
    """Score the files, print the table, and say which files could not be scored."""
    from espnet_plugin.atomic_write import write_text
    from espnet_plugin.scoring import table
    from espnet_plugin.scoring.pool import Workers
    from espnet_plugin.scoring.run import read_files, score_files

    nj = cores() if arguments.nj is None else arguments.nj
    if nj < 1:
        raise UserError(f"--nj must be at least 1, not {nj}")
    with Workers(nj) as workers:
        scores = score_files(
            read_files(arguments.inf_scp),
            None if arguments.ref_scp is None else read_files(arguments.ref_scp),
            arguments.output_dir,
            None if arguments.metrics is None else filter(str.strip, arguments.metrics.split(",")),
            workers,
            arguments.force,
        )
    rows, remarks = table.scores_rows(scores), table.remarks(scores)
    table.show("\n".join([table.text(rows), *remarks]))
    results = arguments.output_dir / "RESULTS.md"
    listed = "".join(f"- {remark}\n" for remark in remarks)
    write_text(results, f"# Scores of {arguments.inf_scp.name}\n\n{table.markdown(rows)}\n{listed}")
    print(f"written: {results}")
    if scores.errors:
        print(f"urgent26 score: {len(scores.errors)} ids could not be scored, see above", file=sys.stderr)
    return 1 if scores.errors else 0


def cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
