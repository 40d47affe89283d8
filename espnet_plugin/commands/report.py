"""`urgent26 report`: scores, spectrograms and players of several systems in one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
examples:
  urgent26 report --output report.html --noisy noisy/ --clean clean/ --system mine=enhanced/
  urgent26 report --output report.html --noisy noisy/ --clean clean/ --noisy_scores scores/noisy \\
      --system small=a/enhanced,scores/small --system large=b/enhanced,scores/large
  urgent26 report --output report.html --experiment exp/semamba_pp_mini

Recordings are a list (id path) or a folder, scores a folder that urgent26 score wrote (or any with lists
<METRIC>.scp of id and value). Everything but the noisy recordings and one system may be missing.

The page is one file. It opens in a browser from disk, needs no network, and can be sent by mail. Its table
holds all utterances; --listen of them can be heard and seen, chosen by their gains: half of them extremes,
then the median and a spread. Recordings keep their rate; their first channel is stored as 16-bit FLAC or OGG
Vorbis.

In the page: space plays, 1 to 9 switch the track in the middle of a word, arrows move, N and P change the
utterance, L repeats the marked range. The answers of blind tests stay in the browser until they are exported.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the HTML file")
    parser.add_argument("--noisy", type=Path, metavar="F", help="what went into the systems")
    parser.add_argument("--clean", type=Path, metavar="F", help="references")
    parser.add_argument("--noisy_scores", type=Path, metavar="D", help="scores of the noisy recordings")
    parser.add_argument(
        "--system",
        action="append",
        default=[],
        metavar="NAME=AUDIO[,SCORES]",
        help="a system's recordings and scores; once per system",
    )
    parser.add_argument("--meta_tsv", type=Path, metavar="F", help="the simulation's record, to filter by")
    parser.add_argument("--utt2lang", type=Path, metavar="F", help="languages (id code), to filter by")
    parser.add_argument(
        "--experiment",
        action="append",
        default=[],
        type=Path,
        metavar="EXP",
        help="instead of all these: an experiment of the recipe with all its test sets; once per system",
    )
    parser.add_argument(
        "--data_dir", type=Path, metavar="D", help="the recipe's data folders (default: EXP/../../data)"
    )
    parser.add_argument("--title", help="heading of the page")
    parser.add_argument(
        "--listen",
        default="12",
        metavar="N|all|LIST",
        help="utterances of each set that can be heard: how many, all, or a file of ids (default: 12)",
    )
    parser.add_argument(
        "--audio_format",
        choices=("flac", "ogg"),
        default="flac",
        help="exact, or a fifth of the size (default: flac)",
    )
    parser.add_argument(
        "--max_mb", type=float, default=60.0, help="limit of the size of its audio and pictures (default: 60)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order in blind tests (default: 0)")
    parser.add_argument("--force", action="store_true", help="replace a former report")


def run(arguments: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    from espnet_plugin.report.page import write_page

    if arguments.output.exists() and not arguments.force:
        raise UserError(f"{arguments.output} exists; add --force to replace it")
    sets = _experiments(arguments) if arguments.experiment else [_set(arguments)]
    systems = list(dict.fromkeys(track.name for one in sets for track in one.systems))
    title = arguments.title or f"Listening report: {', '.join(systems)}"
    page = write_page(arguments.output, sets, title, _listening(arguments))
    print(
        f"written: {page.path}, {page.size_bytes / 1e6:.1f} MB, {page.utterances} utterances, "
        f"{page.clips} of them with audio"
    )
    return 0


def _experiments(arguments: argparse.Namespace):
    from espnet_plugin.report.experiment import read_experiments

    for option in ("noisy", "clean", "noisy_scores", "system", "meta_tsv", "utt2lang"):
        if getattr(arguments, option):
            raise UserError(f"--experiment brings its own recordings; leave --{option} out")
    return read_experiments(arguments.experiment, arguments.data_dir)


def _set(arguments: argparse.Namespace):
    from espnet_plugin.report.listening_set import CLEAN, NOISY, ListeningSet, Track, parse_system
    from espnet_plugin.report.score_folder import read_scores
    from espnet_plugin.scoring.breakdown import read_groups
    from espnet_plugin.scoring.run import read_files

    if arguments.noisy is None or not arguments.system:
        raise UserError("give --noisy and at least one --system NAME=AUDIO, or --experiment EXP")
    scores = arguments.noisy_scores
    return ListeningSet(
        arguments.noisy.stem,
        Track(NOISY, read_files(arguments.noisy), read_scores(scores) if scores else None),
        tuple(map(parse_system, arguments.system)),
        Track(CLEAN, read_files(arguments.clean)) if arguments.clean else None,
        read_groups(arguments.meta_tsv, arguments.utt2lang),
    )


def _listening(arguments: argparse.Namespace):
    from espnet_plugin.report.page import Listening

    options = {"audio_format": arguments.audio_format, "max_mb": arguments.max_mb, "seed": arguments.seed}
    if arguments.listen == "all":
        return Listening(count=None, **options)
    if arguments.listen.isdecimal():
        return Listening(count=int(arguments.listen), **options)
    try:
        lines = Path(arguments.listen).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--listen {arguments.listen}: give a number, all, or a file of ids ({error})"
        ) from error
    identifiers = tuple(line.split()[0] for line in lines if line.strip())
    if not identifiers:
        raise UserError(f"the list of ids {arguments.listen} is empty")
    return Listening(identifiers=identifiers, **options)
