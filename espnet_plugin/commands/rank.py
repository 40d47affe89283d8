"""`urgent26 rank`: systems in the order of the challenge, among the published ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
examples:
  urgent26 rank                                   the published leaderboard
  urgent26 rank scores/ --name mine               my system among the published ones
  urgent26 rank a/scores.json b/scores.json --only --output_dir ranking

The ranking of the ICASSP 2026 URGENT challenge, track 1:
  1. The mean of each metric over the files of a system, rounded to two decimals (CAcc: per cent).
  2. Dense ranks per metric: the same value has the same rank, and none is skipped (1 2 2 3).
  3. The mean of the ranks in each category, then the mean of the categories. Smaller is better.

categories:
  non-intrusive     DNSMOS, NISQA, UTMOS, SCOREQ
  intrusive         PESQ, ESTOI, POLQA (the organisers' alone)
  task-independent  SpeechBERTScore, LPS
  task-dependent    SpkSim, EmoSim, LID, CAcc

A metric that one system lacks counts for none. Published values belong to the challenge's blind test set;
scores of any other set cannot be compared with them. Published ranks count all submissions, but only six were
published, so a rank between theirs is known within bounds (9-11), and behind the last of them from below
(>= 16). Systems are ordered by the worse bound.
"""
OTHER_SETS = (
    "the published values belong to the challenge's blind test set; the place of a system scored on any "
    "other set means nothing"
)
UNKNOWN_SYSTEMS = (
    "Published ranks count all submissions, of which six are known. A rank among them is therefore known "
    "within bounds; systems are ordered by the worse one. The column 'published' is over all metrics."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "scores",
        nargs="*",
        type=Path,
        metavar="SCORES",
        help="scores.json that urgent26 score wrote, or its folder; none: the published systems alone",
    )
    parser.add_argument(
        "--name",
        action="append",
        metavar="NAME",
        help="of a system, once per SCORES in their order (default: the name of the folder)",
    )
    parser.add_argument("--only", action="store_true", help="leave the published systems out")
    parser.add_argument("--output_dir", type=Path, metavar="D", help="folder for RANKING.md and RANKING.csv")
    parser.add_argument("--force", action="store_true", help="replace a former ranking there")


def run(arguments: argparse.Namespace) -> int:
    """Rank the systems, print the tables and write them if asked."""
    from espnet_plugin.atomic_write import write_text
    from espnet_plugin.scoring import ranking_table, table
    from espnet_plugin.scoring.leaderboard import LEADERBOARD
    from espnet_plugin.scoring.ranking import rank_systems
    from espnet_plugin.scoring.scores_file import read_means

    if arguments.only and not arguments.scores:
        raise UserError("--only leaves the published systems out; give the scores.json of your own")
    results = arguments.output_dir and arguments.output_dir / "RANKING.md"
    if results and results.exists() and not arguments.force:
        raise UserError(f"{results} exists; add --force to replace it")
    published = {} if arguments.only else LEADERBOARD
    files = dict(zip(_names(arguments.scores, arguments.name, published), arguments.scores, strict=True))
    own = {name: read_means(path) for name, path in files.items()}

    values = {name: row.values for name, row in published.items()} | {
        name: scores.values for name, scores in own.items()
    }
    ranking = rank_systems(values, {name: row.ranks for name, row in published.items()})
    tables = [ranking_table.overall_rows(ranking, {name: row.overall for name, row in published.items()})]
    for category in next(iter(ranking.categories.values())):
        tables.append(ranking_table.category_rows(ranking, values, category))
    notes = _notes(ranking.left_out, own)
    if own and published:
        notes.append(UNKNOWN_SYSTEMS)
    table.show("\n".join([*map(table.text, tables), *notes]).rstrip())
    if own and published:
        print(f"urgent26 rank: warning: {OTHER_SETS}", file=sys.stderr)
        notes.insert(0, f"Warning: {OTHER_SETS}.")
    if results:
        listed = "".join(f"- {note}\n" for note in notes)
        write_text(results, "\n".join(["# Ranking\n", *map(table.markdown, tables), listed]).rstrip() + "\n")
        ranking_table.write_csv(results.with_suffix(".csv"), ranking, values)
        print(f"written: {results}, {results.with_suffix('.csv').name}")
    return 0


def _names(files: list[Path], given: list[str] | None, published: Mapping[str, object]) -> list[str]:
    """A different name for each file: as given, or the folder that holds it."""
    if given and len(given) != len(files):
        raise UserError(f"--name has to be there once per SCORES: {len(given)} for {len(files)}")
    folders = [(file if file.is_dir() else file.parent).resolve().name for file in files]
    names = given or folders
    for name in names:
        if names.count(name) > 1 or name in published or not name.strip():
            raise UserError(f"'{name}' does not name one system; give each SCORES a --name of its own")
    return names


def _notes(left_out: Mapping[str, list[str]], own: Mapping) -> list[str]:
    """What the tables do not show, each in one line."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for metric, systems in left_out.items():
        lacking.setdefault(tuple(systems), []).append(metric)
    notes = [
        f"Not ranked, since {', '.join(systems)} {'has' if len(systems) == 1 else 'have'} no value: "
        f"{', '.join(metrics)}"
        for systems, metrics in lacking.items()
    ]
    for name, scores in own.items():
        for metric, count in scores.incomplete.items():
            notes.append(f"{name}: files without a value, which the mean of {metric} skips: {count}")
        if scores.errors:
            notes.append(f"{name}: files that could not be scored, see its scores.json: {scores.errors}")
    counts = {name: scores.files for name, scores in own.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        notes.append(f"The systems were scored on different numbers of files: {listed}")
    return notes
