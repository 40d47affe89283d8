"""Stage 1: make the corpus folder."""

import sys
from pathlib import Path

from espnet_plugin.cli import run_script
from espnet_plugin.errors import UserError


def add_arguments(parser):
    parser.add_argument("--corpus", required=True, help="mini, folder or urgent26")
    parser.add_argument("--corpus_dir", required=True, help="where the corpus goes")
    parser.add_argument("--clean_dir", help="for folder: clean speech")
    parser.add_argument("--noise_dir", help="for folder: noise")
    parser.add_argument("--rir_dir", help="for folder: room impulse responses")
    parser.add_argument("--seed", type=int, default=0, help="of the built-in corpus and of wind noise")
    parser.add_argument("--mini_utterances", type=int, default=300, help="of the built-in corpus")
    challenge = parser.add_argument_group("for urgent26")
    challenge.add_argument("--download", action="append", default=[], metavar="CORPUS=FOLDER")
    challenge.add_argument("--id_lists", type=Path, help="folder meta of the challenge")
    challenge.add_argument("--bandwidths", type=Path, help="folder datafiles of the 2025 challenge")
    challenge.add_argument("--data_dir", type=Path, default=Path("data"), help="gets the lists")
    challenge.add_argument("--wind_files", type=int, default=200, help="wind noises per rate, 0: none")
    challenge.add_argument("--allow_missing", action="store_true", help="go on without some corpora")
    challenge.add_argument("--ready_made", action="store_true", help="fetch sets that are simulated")
    challenge.add_argument("--job", type=int, help="prepare this one of --nj shares, from 1")
    parser.add_argument("--nj", type=int, default=1, help="processes; with --job: number of jobs")
    parser.add_argument("--force", action="store_true", help="make it again")


def run(arguments):
    if arguments.corpus == "urgent26":
        return _urgent26(arguments)

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


def _urgent26(arguments):
    if arguments.ready_made:
        from espnet_plugin.recipe.ready_made_sets import fetch_sets

        return fetch_sets(Path(arguments.corpus_dir), arguments.force)

    from espnet_plugin.recipe.urgent26_corpus import Downloads, prepare_urgent26

    folders = {}
    for download in arguments.download:
        name, separator, folder = download.partition("=")
        if not separator or not folder:
            raise UserError(f"--download {download}: the form is CORPUS=FOLDER")
        folders[name.lower()] = Path(folder)
    return prepare_urgent26(
        Path(arguments.corpus_dir),
        arguments.data_dir,
        Downloads(folders, arguments.id_lists, arguments.bandwidths),
        allow_missing=arguments.allow_missing,
        wind_files=arguments.wind_files,
        seed=arguments.seed,
        processes=arguments.nj if arguments.job is None else 1,
        force=arguments.force,
        part=None if arguments.job is None else (arguments.job, arguments.nj),
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 1", sys.modules[__name__]))
