"""``urgent26 fine-tune``: train a released model further on your own folders."""

import argparse
from pathlib import Path

from espnet_plugin.machine import usable_cores

EXAMPLES = """\
examples:
  urgent26 fine-tune semambapp.pth --clean_dir speech/ --noise_dir noise/ --rir_dir rooms/ -o tuned/
  urgent26 enhance recordings/ -o cleaned/ --checkpoint tuned/model
  urgent26 fine-tune five_files/ --train_part postnet --clean_dir speech/ --noise_dir noise/ -o tuned/

The clean speech is degraded anew in every epoch; a twentieth of each folder is kept apart for validation, and
another for a test. The same command goes on after an interruption.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "checkpoint",
        metavar="CHECKPOINT",
        help="official .pth or folder, .safetensors, experiment folder, pack (.zip) or hub tag",
    )
    parser.add_argument(
        "--clean_dir", type=Path, required=True, help="clean speech; sub-folders are speakers"
    )
    parser.add_argument("--noise_dir", type=Path, required=True, help="noise")
    parser.add_argument("--rir_dir", type=Path, help="room impulse responses (optional)")
    parser.add_argument(
        "-o", "--output_dir", type=Path, required=True, metavar="OUT", help="gets everything"
    )
    parser.add_argument(
        "--train_part",
        help="of GAP-URGENet: dewavlm, vocoder, adapter, predictor, postnet or joint (vocoder and postnet "
        "together); the others stay as they are",
    )
    parser.add_argument(
        "--teacher",
        help="for --train_part dewavlm, vocoder or adapter: WavLM-Large (default: the checkpoint's encoder)",
    )
    parser.add_argument("--train_config", type=Path, help="default: conf/train/fine_tune.yaml")
    parser.add_argument("--simulate_config", type=Path, help="default: conf/simulate/restoration.yaml")
    parser.add_argument("--wiring", choices=("fixed", "old"), help="old: checkpoints from before August 2026")
    parser.add_argument("--ngpu", type=int, default=0, help="GPUs (default: 0, the CPU)")
    parser.add_argument("--nj", type=int, default=usable_cores(), help="CPU cores (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of simulation and training (default: 0)")
    parser.add_argument("--force", action="store_true", help="start over")


def run(arguments: argparse.Namespace) -> int:
    """Train, and say how to use the model."""
    from espnet_plugin.errors import UserError
    from espnet_plugin.pretrained.recognise import recognise
    from espnet_plugin.recipe import fine_tuning, part_fine_tuning

    of_five = recognise(arguments.checkpoint) == "gap_urgenet"
    if of_five != bool(arguments.train_part):
        raise UserError(
            f"{arguments.checkpoint} is GAP-URGENet: say which of its networks learns: --train_part postnet"
            if of_five
            else f"--train_part is for GAP-URGENet, which {arguments.checkpoint} is not; leave it out"
        )
    folders = (arguments.output_dir, arguments.clean_dir, arguments.noise_dir, arguments.rir_dir)
    if of_five:
        model = part_fine_tuning.fine_tune_part(
            arguments.checkpoint,
            arguments.train_part,
            *folders,
            arguments.train_config,
            arguments.simulate_config,
            arguments.teacher,
            arguments.ngpu,
            arguments.nj,
            arguments.seed,
            arguments.force,
        )
        print(f"use it: urgent26 enhance recordings/ -o cleaned/ --checkpoint {model}")
        return 0
    model = fine_tuning.fine_tune(
        arguments.checkpoint,
        *folders,
        arguments.train_config or fine_tuning.TRAIN_CONFIG,
        arguments.simulate_config or fine_tuning.SIMULATE_CONFIG,
        arguments.wiring,
        arguments.ngpu,
        arguments.nj,
        arguments.seed,
        arguments.force,
    )
    print(f"use it: urgent26 enhance recordings/ -o cleaned/ --checkpoint {model}")
    return 0
