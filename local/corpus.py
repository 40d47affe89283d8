"""Stage 1: make the corpus folder."""

import sys

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--corpus", required=True, help="mini, folder or urgent26")
    parser.add_argument("--corpus_dir", required=True, help="where the corpus goes")
    parser.add_argument("--clean_dir", help="for folder: clean speech")
    parser.add_argument("--noise_dir", help="for folder: noise")
    parser.add_argument("--rir_dir", help="for folder: room impulse responses")
    parser.add_argument("--seed", type=int, default=0, help="of the built-in corpus")
    parser.add_argument("--mini_utterances", type=int, default=300, help="of the built-in corpus")
    parser.add_argument("--force", action="store_true", help="make it again")


def run(arguments):
    from espnet_plugin.recipe.corpus import prepare_corpus

    prepare_corpus(
        arguments.corpus,
        arguments.corpus_dir,
        arguments.clean_dir,
        arguments.noise_dir,
        arguments.rir_dir,
        arguments.seed,
        arguments.mini_utterances,
        arguments.force,
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 1", sys.modules[__name__]))
