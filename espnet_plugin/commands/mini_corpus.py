"""`urgent26 mini-corpus OUT`: build the built-in corpus."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the corpus: train/, valid/, test/")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes (default: 0)")
    parser.add_argument("--utterances", type=int, default=300, help="in all splits together (default: 300)")
    parser.add_argument("--force", action="store_true", help="build anew what is there")


def run(arguments: argparse.Namespace) -> int:
    """Build the corpus or say that it is there."""
    from espnet_plugin.mini_corpus.build import build_corpus

    built = build_corpus(arguments.out, arguments.seed, arguments.utterances, arguments.force)
    print(f"{arguments.out}: corpus {'finished' if built else 'is there already'}")
    return 0
