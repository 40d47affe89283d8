"""`urgent26 weights`: the weights that metrics need, what of them is at hand, and fetching them."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
examples:
  urgent26 weights                          which weights are there, from where, under which licence
  urgent26 weights --fetch NISQA UTMOS      download those of two metrics
  urgent26 weights --fetch                  download all that are missing
  urgent26 weights --weights_dir /shared/weights

On a machine without network: fetch on another one, copy the folder, and name it by --weights_dir or by the
variable URGENT26_WEIGHTS. Every file is compared with its published SHA-256; where none is published, the
hash of the first file seen is recorded in weights.json and a file that changes later is refused.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--fetch", nargs="*", metavar="METRIC", help="download the weights of these metrics (none named: of all)"
    )
    parser.add_argument(
        "--weights_dir",
        type=Path,
        metavar="D",
        help="where they lie (default: $URGENT26_WEIGHTS, else ~/.cache/urgent26/weights)",
    )
    parser.add_argument("--force", action="store_true", help="download again what is there")


def run(arguments: argparse.Namespace) -> int:
    """Fetch what is asked for and print the table; exit code 1 if something could not be fetched."""
    from espnet_plugin.scoring import table, weights
    from espnet_plugin.scoring.metric import Setup
    from espnet_plugin.scoring.registry import METRICS, choose, make

    setup = Setup() if arguments.weights_dir is None else Setup(arguments.weights_dir)
    metrics = {name: make(name, setup) for name in METRICS}
    metrics = {name: metric for name, metric in metrics.items() if metric.weights is not None}
    failed = []
    if arguments.fetch is not None:
        chosen = [name for name in choose(arguments.fetch or metrics) if name in metrics]
        if not chosen:
            raise UserError(f"these metrics need no weights; those that do: {', '.join(metrics)}")
        for name in chosen:
            try:
                print(f"{name}: {weights.fetch(metrics[name].weights, setup.weights_dir, arguments.force)}")
            except UserError as error:
                failed.append(f"{name}: {error}")
    rows = [["metric", "state", "size", "licence", "from"]]
    for name, metric in metrics.items():
        need = metric.weights
        try:
            weights.check(need, setup.weights_dir)
            state = "at hand"
        except weights.WeightsMissing as error:
            state = "missing" if "is not there" in str(error) else "changed"
        rows.append([name, state, f"{need.size_mb:g} MB", need.licence, need.page or need.repository])
    table.show(table.text(rows, left=(0, 1, 3, 4)))
    print(f"folder: {setup.weights_dir}")
    if failed:
        raise UserError("; ".join(failed))
    return 0
