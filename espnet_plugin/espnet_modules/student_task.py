"""ESPnet task that trains a small network on clean speech and on what a large frozen one makes of it."""

import argparse
import math
from collections.abc import Callable, Mapping
from typing import Any

from espnet2.utils.nested_dict_action import NestedDictAction

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.frozen_options import add_frozen_options, frozen_cache
from espnet_plugin.espnet_modules.part_preprocessor import PartPreprocessor
from espnet_plugin.espnet_modules.semamba_pp_separator import SEMambaPPSeparator
from espnet_plugin.espnet_modules.student_model import DEFAULT_WEIGHTS, StudentModel
from espnet_plugin.espnet_modules.task import RestorationTask


class StudentTask(RestorationTask):
    """``RestorationTask`` with a teacher: SEMamba++ learns from GAP-URGENet.

    ESPnet's own ``EnhancementTask`` and everything else that reads a trained SEMamba++ read this one too: the
    teacher stands outside of ``model_conf`` and is not in the checkpoints.
    """

    mixing_class = PartPreprocessor

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--frozen``, ``--target_weights`` and the options of frozen networks."""
        super().add_task_arguments(parser)
        add_frozen_options(parser)
        group = parser.add_argument_group("Student")
        group.add_argument(
            "--frozen",
            action=NestedDictAction,
            default={},
            help="'teacher: CHECKPOINT': GAP-URGENet, an experiment, a pack or a folder of its five files.",
        )
        group.add_argument(
            "--target_weights",
            action=NestedDictAction,
            default=dict(DEFAULT_WEIGHTS),
            help="Weight of the loss against each target, 'clean' speech and what the 'teacher' gives.",
        )

    @classmethod
    def check_own_keys(cls, config: Mapping[str, Any], where: str) -> None:
        """Refuse keys within the sections of a student; see ``RestorationTask``."""
        check_keys(config.get("frozen") or {}, ("teacher",), f"{where}: frozen")
        weights = config.get("target_weights") or {}
        check_keys(weights, DEFAULT_WEIGHTS, f"{where}: target_weights")
        for name, weight in {**DEFAULT_WEIGHTS, **weights}.items():
            # A teacher without a say would only take time.
            if not isinstance(weight, (int, float)) or not (weight > 0 or name == "clean" and weight == 0):
                raise UserError(f"{where}: target_weights: {name} must be a number above 0, not {weight!r}")
            if math.isinf(weight):
                raise UserError(f"{where}: target_weights: {name} must be finite")

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """The function that makes segments of recordings, in the workers of the data loader."""
        preprocess = super().build_preprocess_fn(args, train)
        preprocess.segments_per_recording = args.segments_per_recording
        return preprocess

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> StudentModel:
        """The student with its losses and its teacher.

        Raises:
            UserError: a setting that this training cannot follow, or a teacher that cannot be read.
        """
        from espnet_plugin.pretrained.gap_urgenet import load_network
        from espnet_plugin.training.teacher import Teacher

        if args.separator != SEMambaPPSeparator.name:
            raise UserError(f"a student is a SEMamba++: set 'separator: {SEMambaPPSeparator.name}'")
        if args.batch_by_rate:
            raise UserError("a student works at one rate, so there is no batch_by_rate; leave it out")
        if not args.frozen.get("teacher"):
            raise UserError(
                "a student needs its teacher: give --teacher, a trained or released GAP-URGENet (experiment, "
                "pack, or folder of the five official files)"
            )
        parts = cls.model_parts(args)
        network = load_network(args.frozen["teacher"])
        teacher = Teacher(network, args.sample_rate)
        teacher.cache = frozen_cache(args, {"teacher": (network, network.options)})
        return StudentModel(**parts, teacher=teacher, weights=args.target_weights)
