"""ESPnet task that trains a speech restoration network on pairs of degraded and clean recordings."""

import argparse
import dataclasses
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet2.tasks.abs_task import AbsIterFactory
from espnet2.tasks.enh import EnhancementTask, decoder_choices, encoder_choices, separator_choices
from espnet2.utils.nested_dict_action import NestedDictAction
from espnet2.utils.types import str2bool, str_or_none

from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.config_check import check_train_config
from espnet_plugin.espnet_modules.degrading_preprocessor import SCOPES, DegradingPreprocessor
from espnet_plugin.espnet_modules.epoch_iterator import EpochIterFactory
from espnet_plugin.espnet_modules.launch import Launch
from espnet_plugin.espnet_modules.mixing_preprocessor import MixingPreprocessor
from espnet_plugin.espnet_modules.preprocessor import RestorationPreprocessor
from espnet_plugin.espnet_modules.rate_batches import RateBatches, read_rates
from espnet_plugin.espnet_modules.registration import register
from espnet_plugin.espnet_modules.restoration_model import RestorationModel
from espnet_plugin.espnet_modules.semamba_pp_separator import SEMambaPPSeparator
from espnet_plugin.espnet_modules.stock_model import StockModel, build_stock_model
from espnet_plugin.espnet_modules.trainer import RestorationTrainer
from espnet_plugin.espnet_modules.training_log import logged, process_log
from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer
from espnet_plugin.simulation.challenge.settings import is_challenge
from espnet_plugin.simulation.degrader import Degrader
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
    #: Makes segments of pairs at several rates, and of clean speech with the challenge's degradations.
    mixing_class = MixingPreprocessor

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--segment_samples``, ``--degradation*``, ``--loss_weights`` and two more to ESPnet's."""
        super().add_task_arguments(parser)
        group = parser.add_argument_group("Restoration")
        group.add_argument(
            "--segment_samples",
            type=int,
            default=48000,
            help="Length of a training segment at --sample_rate; whole hops of the network's transform.",
        )
        group.add_argument(
            "--degradation",
            type=str_or_none,
            help="YAML file, such as conf/simulate/restoration.yaml: degrade clean training speech anew in "
            "every epoch; null: read degraded recordings.",
        )
        group.add_argument(
            "--degradation_corpus",
            type=str_or_none,
            help="For --degradation: folder of one split of a corpus, with noise.scp and rirs.scp.",
        )
        group.add_argument(
            "--degradation_scope",
            choices=SCOPES,
            default="recording",
            help="For --degradation: what is degraded at once; segment is faster for long recordings.",
        )
        group.add_argument(
            "--degradation_fixes",
            nargs="*",
            default=[],
            help="For --degradation of the challenge: flaws of its simulation to do without.",
        )
        group.add_argument(
            "--batch_by_rate",
            type=str2bool,
            default=False,
            help="Leave recordings at their own rate and make batches of one rate each, for networks that "
            "follow the rate; segments have the duration of --segment_samples at --sample_rate.",
        )
        group.add_argument(
            "--lowest_rate_hz",
            type=int,
            default=0,
            help="Leave out recordings of lower rates (utt2fs); every batch then has one rate.",
        )
        group.add_argument(
            "--loss_weights",
            action=NestedDictAction,
            default=dict(DEFAULT_WEIGHTS),
            help="Weight per term of the loss; 0 leaves a term out.",
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
        Launch.from_environment(os.environ).place(args)
        return args

    @classmethod
    def main_worker(cls, args: argparse.Namespace) -> None:
        """One process of the training, of which ESPnet starts one per GPU."""
        if multiprocessing.parent_process() is None:
            super().main_worker(args)
            return
        try:
            with logged(process_log(Path(args.output_dir), args.dist_rank)):
                super().main_worker(args)
        except UserError as error:
            print(f"process {args.dist_rank}: {error}", file=sys.__stderr__, flush=True)
            sys.exit(2)

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """The function that makes segments of recordings, in the workers of the data loader."""
        common = (args.segment_samples, args.sample_rate)
        if not train or args.degradation is None:
            if args.batch_by_rate:
                return cls.mixing_class(train, *common, own_rate=True, seed=args.seed)
            return RestorationPreprocessor(train, *common, args.seed)
        if args.degradation_corpus is None:
            raise UserError("degradation needs noises: give --degradation_corpus, a folder with noise.scp")
        if is_challenge(args.degradation):
            mixer = FreshMixer(args.degradation, args.degradation_corpus, args.seed, args.degradation_fixes)
            return cls.mixing_class(train, *common, mixer, args.batch_by_rate, args.seed)
        if args.batch_by_rate:
            raise UserError(
                f"batch_by_rate needs degradations of the challenge, which {args.degradation} is not; "
                "take conf/simulate/urgent26_train.yaml"
            )
        degrader = Degrader(args.degradation, args.degradation_corpus, args.seed)
        return DegradingPreprocessor(degrader, *common, args.seed, args.degradation_scope)

    @classmethod
    def build_iter_factory(
        cls,
        args: argparse.Namespace,
        distributed_option: Any,
        mode: str,
        kwargs: dict | None = None,
    ) -> AbsIterFactory:
        """ESPnet's iterator factory, which tells the preprocessing the epoch; arguments as in ESPnet."""
        if args.batch_by_rate or args.lowest_rate_hz:
            return cls._by_rate(args, distributed_option, mode, kwargs)
        if mode == "train" or not distributed_option.distributed:
            return EpochIterFactory(super().build_iter_factory(args, distributed_option, mode, kwargs))
        # ESPnet would divide every batch between the processes, and refuse one with fewer items than those.
        alone = dataclasses.replace(distributed_option, distributed=False)
        factory = super().build_iter_factory(args, alone, mode, kwargs)
        return EpochIterFactory(
            factory, part=(distributed_option.dist_rank, distributed_option.dist_world_size)
        )

    @classmethod
    def _by_rate(
        cls,
        args: argparse.Namespace,
        distributed_option: Any,
        mode: str,
        kwargs: dict | None,
    ) -> AbsIterFactory:
        """Batches of one rate each; every process has its share of each of them, in validation whole ones.

        Raises:
            UserError: no recording has the lowest rate or a higher one.
        """
        alone = dataclasses.replace(distributed_option, distributed=False)
        factory = super().build_iter_factory(args, alone, mode, kwargs)
        place = (0, 1)
        if distributed_option.distributed:
            place = (distributed_option.dist_rank, distributed_option.dist_world_size)
        uids = [uid for batch in factory.sampler.batches for uid in batch]
        rate_of = read_rates(getattr(args, f"{mode}_data_path_and_name_and_type"))
        uids = [uid for uid in uids if rate_of.get(uid, args.lowest_rate_hz) >= args.lowest_rate_hz]
        if not uids:
            raise UserError(
                f"the {mode} set has no recording of {args.lowest_rate_hz} Hz or more; add some, or lower "
                "lowest_rate_hz"
            )
        if mode == "train":
            batches = RateBatches(uids, rate_of, args.batch_size, True, args.drop_last_iter, place)
            return EpochIterFactory(factory, batches=batches)
        batches = RateBatches(uids, rate_of, args.valid_batch_size or args.batch_size, shuffle=False)
        factory.sampler.batches = batches.generate(args.seed)
        factory.shuffle_within_batch = False
        return EpochIterFactory(factory, part=place)

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> RestorationModel | StockModel:
        """SEMamba++ with its losses; for all other separators ESPnet's model with its ``criterions``.

        Raises:
            UserError: a setting that this training cannot follow.
        """
        if args.separator != SEMambaPPSeparator.name:
            return build_stock_model(args)
        if args.batch_by_rate:
            raise UserError(f"{args.separator} works at one rate, so there is no batch_by_rate; leave it out")
        return RestorationModel(**cls.model_parts(args))

    @classmethod
    def model_parts(cls, args: argparse.Namespace) -> dict[str, Any]:
        """The arguments of ``RestorationModel``; raises as ``build_model``."""
        followed = {key: value for key, value in args.model_conf.items() if key not in _NOT_FOLLOWED}
        for key in _NOT_FOLLOWED:
            # Training at 48 kHz has nothing to resample, but ESPnet's inference then knows that it has to.
            if args.model_conf.get(key) and (key, args.sample_rate) != ("always_forward_in_48k", 48000):
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
        adversarial = cls.adversarial_terms(vars(args))
        reconstruction = ReconstructionLoss(
            {term: weight for term, weight in args.loss_weights.items() if term not in adversarial},
            window_samples=spectrum.window,
            hop_samples=spectrum.hop,
            compression=spectrum.compression,
            rate_hz=args.sample_rate,
        )
        _check_lengths(args, spectrum, reconstruction)
        parts = {"encoder": encoder, "separator": separator, "decoder": decoder}
        return {**parts, "reconstruction": reconstruction, **followed}

    @classmethod
    def reconstruction_terms(cls, config: Mapping[str, Any]) -> Mapping[str, float]:
        """Terms that ``loss_weights`` may name, and their weights; argument as of ``adversarial_terms``."""
        return DEFAULT_WEIGHTS

    @classmethod
    def check_own_keys(cls, config: Mapping[str, Any], where: str) -> None:
        """Refuse keys within the sections that only this task has; arguments as of ``check_train_config``."""

    @classmethod
    def adversarial_terms(cls, config: Mapping[str, Any]) -> Mapping[str, float]:
        """Terms that ``loss_weights`` may name besides those of the reconstruction, and their weights.

        Args:
            config: all options by name.
        """
        return {}


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
