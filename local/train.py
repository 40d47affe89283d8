"""Stage 5: train a model."""

import sys
from pathlib import Path

from espnet_plugin.cli import run_script


def add_arguments(parser):
    parser.add_argument("--config", required=True, type=Path, help="model and training")
    parser.add_argument("--data_dir", required=True, type=Path, help="data folders of stage 3")
    parser.add_argument("--statistics_dir", required=True, type=Path, help="shape files of stage 4")
    parser.add_argument("--experiment", required=True, type=Path, help="gets the model")
    parser.add_argument(
        "--enh_task",
        choices=("auto", "enh", "gan"),
        default="auto",
        help="gan: against discriminators; enh: without; auto: as the configuration says",
    )
    parser.add_argument("--ngpu", type=int, default=0, help="GPUs")
    parser.add_argument("--nj", type=int, default=1, help="processes that load data")
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    parser.add_argument("--degradation", type=Path, help="degrade clean speech anew in every epoch")
    parser.add_argument("--corpus_dir", type=Path, help="corpus of stage 1: noises for --degradation")
    parser.add_argument("--init", help="checkpoint to start from")
    parser.add_argument("--train_part", help="part of GAP-URGENet, or all; PART in --config stands for its name")
    parser.add_argument("--teacher", help="for --train_part WavLM-Large; for a student GAP-URGENet")
    parser.add_argument("--frozen_cache", type=Path, help="folder that keeps what frozen networks give")
    parser.add_argument("--force", action="store_true", help="train again")


def run(arguments):
    if arguments.train_part:
        from espnet_plugin.recipe.part_training import train_parts

        train_parts(
            arguments.train_part,
            arguments.config,
            arguments.data_dir,
            arguments.statistics_dir,
            arguments.experiment,
            arguments.ngpu,
            arguments.nj,
            arguments.seed,
            arguments.force,
            arguments.degradation,
            arguments.corpus_dir,
            arguments.teacher,
            arguments.init,
            arguments.frozen_cache,
        )
        return
    from espnet_plugin.recipe.training import train_model

    train_model(
        arguments.config,
        arguments.data_dir,
        arguments.statistics_dir,
        arguments.experiment,
        arguments.ngpu,
        arguments.nj,
        arguments.seed,
        arguments.force,
        arguments.enh_task,
        arguments.degradation,
        arguments.corpus_dir,
        arguments.init,
        arguments.teacher,
        arguments.frozen_cache,
    )


if __name__ == "__main__":
    sys.exit(run_script("stage 5", sys.modules[__name__]))
