"""ESPnet task that trains a speech restoration network on pairs of degraded and clean recordings."""

import argparse
from collections.abc import Callable, Sequence

from espnet2.tasks.enh import EnhancementTask, decoder_choices, encoder_choices, separator_choices
from espnet2.utils.nested_dict_action import NestedDictAction

from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.config_check import check_train_config
from espnet_plugin.espnet_modules.preprocessor import RestorationPreprocessor
from espnet_plugin.espnet_modules.registration import register
from espnet_plugin.espnet_modules.restoration_model import RestorationModel
from espnet_plugin.espnet_modules.trainer import RestorationTrainer
from espnet_plugin.training.losses import DEFAULT_WEIGHTS, ReconstructionLoss

# Processes that ESPnet spawns for further GPUs import this module to find the task, and so know the names.
register()

#: Settings of ESPnet's enhancement model that this training would silently ignore.
_NOT_FOLLOWED = (
    "normalize_variance",
    "normalize_variance_per_ch",
    "always_forward_in_48k",
    "flexible_numspk",
)


class RestorationTask(EnhancementTask):
    """Enhancement task with the losses, segments and checkpoints of this package.

    Everything that only training needs stands outside of ``model_conf`` and ``separator_conf``, so that
    ESPnet's own ``EnhancementTask`` reads the same ``config.yaml`` for inference.
    """

    trainer = RestorationTrainer

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--segment_samples`` and ``--loss_weights`` to ESPnet's options."""
        super().add_task_arguments(parser)
        group = parser.add_argument_group("Restoration")
        group.add_argument(
            "--segment_samples",
            type=int,
            default=48000,
            help="Length of a training segment at --sample_rate; whole hops of the network's transform.",
        )
        group.add_argument(
            "--loss_weights",
            action=NestedDictAction,
            default=dict(DEFAULT_WEIGHTS),
            help="Weight per term of the reconstruction loss; 0 leaves a term out.",
        )

    @classmethod
    def main(cls, args: argparse.Namespace | None = None, cmd: Sequence[str] | None = None) -> None:
        """Train; like ESPnet's ``main``, but ``--config`` may be a difference file with a ``base``.

        Raises:
            UserError: a configuration with unknown keys or missing bases.
        """
        super().main(args=args if args is not None else cls.parse(cmd))

    @classmethod
    def parse(cls, cmd: Sequence[str] | None = None) -> argparse.Namespace:
        """Options from a command line, over those of ``--config``, over the defaults.

        Raises:
            UserError: see ``main``.
        """
        first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        first.add_argument("--config")
        chosen, rest = first.parse_known_args(cmd)
        parser = cls.get_parser()
        if chosen.config is not None:
            config = load_config(chosen.config)
            check_train_config(config, cls, chosen.config)
            parser.set_defaults(**config)
        args = parser.parse_args(rest)
        args.config = chosen.config
        return args

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """The function that makes segments of recordings, in the workers of the data loader."""
        return RestorationPreprocessor(train, segment_samples=args.segment_samples, rate_hz=args.sample_rate)

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> RestorationModel:
        """Generator and losses.

        Raises:
            UserError: a setting that this training cannot follow.
        """
        followed = {key: value for key, value in args.model_conf.items() if key not in _NOT_FOLLOWED}
        for key in _NOT_FOLLOWED:
            if args.model_conf.get(key):
                raise UserError(f"model_conf: '{key}' is not used in this training; remove it")
        try:
            encoder = encoder_choices.get_class(args.encoder)(**args.encoder_conf)
            separator = separator_choices.get_class(args.separator)(encoder.output_dim, **args.separator_conf)
            decoder = decoder_choices.get_class(args.decoder)(**args.decoder_conf)
        except (TypeError, ValueError) as error:
            raise UserError(f"the model cannot be built from this configuration: {error}") from error
        spectrum = getattr(separator, "spectrum", None)
        if spectrum is None:
            raise UserError(f"separator '{args.separator}' has no spectrum to compare; use semamba_pp")
        reconstruction = ReconstructionLoss(
            args.loss_weights,
            window_samples=spectrum.window,
            hop_samples=spectrum.hop,
            compression=spectrum.compression,
            rate_hz=args.sample_rate,
        )
        _check_lengths(args, spectrum, reconstruction)
        return RestorationModel(encoder, separator, decoder, reconstruction, **followed)


def _check_lengths(args: argparse.Namespace, spectrum, reconstruction: ReconstructionLoss) -> None:
    if args.sample_rate != spectrum.rate_hz:
        raise UserError(f"the network works at {spectrum.rate_hz} Hz: set 'sample_rate: {spectrum.rate_hz}'")
    shortest = spectrum.window // 2 + 1
    if reconstruction.mel is not None:
        shortest = max(shortest, reconstruction.mel.shortest_samples)
    if args.segment_samples < shortest or args.segment_samples % spectrum.hop:
        raise UserError(
            f"segment_samples is {args.segment_samples}: "
            f"use a multiple of {spectrum.hop} of at least {shortest}"
        )
