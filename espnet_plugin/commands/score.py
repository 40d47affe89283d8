"""`urgent26 score`: all metrics of a folder of recordings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from espnet_plugin.errors import UserError

EPILOG = """\
examples:
  urgent26 score --inf_scp enhanced/ --ref_scp clean/ --output_dir scores
  urgent26 score --inf_scp spk1.scp --ref_scp data/test/spk1.scp --output_dir scores --nj 4
  urgent26 score --inf_scp recordings/ --output_dir scores --metrics dnsmos,nisqa
  urgent26 score --inf_scp enhanced/ --ref_scp clean/ --output_dir scores \\
                 --utt2lang data/test/utt2lang --text data/test/text --require all --device cuda

A file belongs to the reference with the same id: the first column of a list, or the path inside a
folder without its suffix. Both must have one channel, the same sampling rate and the same length. Each
file is scored at its own rate. Any system's files do; nothing else of it is needed.

metrics (higher is better, unless marked with v):
  DNSMOS           predicted opinion score, 1 to 5
  NISQA            predicted opinion score, 1 to 5                 weights
  UTMOS            predicted opinion score, 1 to 5                 weights
  SCOREQ           predicted opinion score, 1 to 5                 weights
  PESQ             perceived quality, ITU-T P.862, 1 to 4.6        references
  ESTOI            intelligibility, 0 to 1                         references
  SI_SDR           scale-invariant signal-to-distortion ratio, dB  references
  SDR              BSS Eval's signal-to-distortion ratio, dB       references
  MCD           v  mel-cepstral distortion, dB                     references
  LSD           v  log-spectral distance                           references
  SpeechBERTScore  closeness of speech features, 0 to 1            references, weights
  LPS              similarity of phonemes, up to 1                 references, weights
  SpkSim           similarity of the voice, -1 to 1                references, weights
  EmoSim           similarity of the emotion, -1 to 1              references, weights
  LID              share of files with the right language          languages, weights
  CAcc, WER     v  characters right and word errors, %             languages, texts, weights

Without --metrics all are computed whose needs are met. `urgent26 weights` says which weights are at hand and
fetches them; no metric downloads anything by itself, and one that cannot be computed is never 0: it is
named with the reason and the remedy.

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
        help="clean references, likewise; without them only metrics that need none are computed",
    )
    parser.add_argument("--output_dir", type=Path, required=True, metavar="D", help="folder for the scores")
    parser.add_argument("--metrics", metavar="A,B", help="only these, separated by commas (default: all)")
    parser.add_argument(
        "--meta_tsv", type=Path, metavar="F", help="the simulation's record, for means by distortion and SNR"
    )
    parser.add_argument("--utt2lang", type=Path, metavar="F", help="list: id and ISO 639-3 code, such as deu")
    parser.add_argument("--text", type=Path, metavar="F", help="list: id and transcript")
    parser.add_argument(
        "--require", metavar="A,B", help="fail before any work if one of these is not available; or: all"
    )
    parser.add_argument(
        "--weights_dir",
        type=Path,
        metavar="D",
        help="weights of metrics (default: $URGENT26_WEIGHTS, else ~/.cache/urgent26/weights)",
    )
    parser.add_argument(
        "--device", default="cpu", metavar="D", help="of networks: cpu, cuda, cuda:1 (default: cpu)"
    )
    parser.add_argument("--nj", type=int, metavar="N", help="worker processes (default: one per CPU core)")
    parser.add_argument("--force", action="store_true", help="compute everything anew")


def run(arguments: argparse.Namespace) -> int:
    """Score the files, print the table, and say which files could not be scored."""
    from espnet_plugin.atomic_write import write_text
    from espnet_plugin.machine import usable_cores
    from espnet_plugin.scoring import table
    from espnet_plugin.scoring.breakdown import read_groups
    from espnet_plugin.scoring.pool import Workers
    from espnet_plugin.scoring.registry import METRICS
    from espnet_plugin.scoring.run import read_files, read_labels, score_files

    nj = usable_cores() if arguments.nj is None else arguments.nj
    if nj < 1:
        raise UserError(f"--nj must be at least 1, not {nj}")
    lists = {"language": arguments.utt2lang, "text": arguments.text}
    estimates = read_files(arguments.inf_scp)
    with Workers(nj) as workers:
        scores = score_files(
            estimates,
            None if arguments.ref_scp is None else read_files(arguments.ref_scp),
            arguments.output_dir,
            arguments.metrics and names(arguments.metrics),
            workers,
            arguments.force,
            labels={kind: read_labels(path) for kind, path in lists.items() if path is not None},
            groups=read_groups(arguments.meta_tsv, arguments.utt2lang, estimates),
            setup=setup(arguments.weights_dir, arguments.device),
            require=METRICS if arguments.require == "all" else names(arguments.require or ""),
        )
    rows, remarks = table.scores_rows(scores), table.remarks(scores)
    table.show("\n".join([table.text(rows), *remarks]))
    results = arguments.output_dir / "RESULTS.md"
    blocks = [f"# Scores of {arguments.inf_scp.name}\n", table.markdown(rows)]
    if remarks:
        blocks.append("".join(f"- {remark}\n" for remark in remarks))
    for title in scores.groups:
        blocks += [f"## Means {table.by(title)}\n", table.markdown(table.group_rows(scores, title))]
    write_text(results, "\n".join(blocks))
    print(f"written: {results}")
    if scores.errors:
        print(f"urgent26 score: {len(scores.errors)} ids could not be scored, see above", file=sys.stderr)
    return 1 if scores.errors else 0


def names(words: str) -> list[str]:
    """`a, b` -> the names in it."""
    return [name for name in words.split(",") if name.strip()]


def setup(weights_dir: Path | None, device: str):
    """Where weights of metrics lie and which device computes.

    Raises:
        UserError: there is no such device.
    """
    from espnet_plugin.scoring.metric import Setup

    if device != "cpu":
        import torch

        try:
            torch.empty(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise UserError(f"there is no device '{device}' here: {error}; leave --device out") from error
    return Setup(device=device) if weights_dir is None else Setup(weights_dir, device)
