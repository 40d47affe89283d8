"""ESPnet tasks that train GAP-URGENet's networks (specification, section 9)."""

import argparse
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

import torch
from espnet2.utils.nested_dict_action import NestedDictAction

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.adversarial_task import AdversarialTask
from espnet_plugin.espnet_modules.frozen_options import add_frozen_options, frozen_cache
from espnet_plugin.espnet_modules.part_model import PartModel
from espnet_plugin.espnet_modules.part_preprocessor import PartPreprocessor
from espnet_plugin.espnet_modules.task import RestorationTask
from espnet_plugin.pretrained.gap_part import CLASSES, PartNetwork, check_sizes, complete_options, read_part
from espnet_plugin.training.adversaries import ADVERSARIES
from espnet_plugin.training.parts import PARTS, Part, networks_of

#: In place of a file for a frozen network: one that has learned nothing, always the same.
RANDOM = "random"
_SHORTEST_S = 0.1
_FRAMES_PER_S = 50


class PartTask(RestorationTask):
    """The training of ``PARTS`` that the configuration names, without discriminators.

    Data, segments, checkpoints and steps are those of ``RestorationTask``; the options of ESPnet's own
    networks (``encoder``, ``separator`` and so on) are not used.
    """

    mixing_class = PartPreprocessor

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--part``, ``--network_conf``, ``--frozen`` and others; ``--loss_weights`` are the part's."""
        super().add_task_arguments(parser)
        add_frozen_options(parser)
        parser.set_defaults(loss_weights={})
        group = parser.add_argument_group("Part of GAP-URGENet")
        group.add_argument("--part", choices=list(PARTS), help="What is trained.")
        group.add_argument(
            "--part_conf",
            action=NestedDictAction,
            default={},
            help="Arguments of its training, such as 'numerator: clean' for the predictor.",
        )
        group.add_argument(
            "--network_conf",
            action=NestedDictAction,
            default={},
            help="Arguments of the five networks by name; what is left out is as released.",
        )
        group.add_argument(
            "--frozen",
            action=NestedDictAction,
            default={},
            help="Files or folders of the networks that do not learn, by name: official file, experiment of "
            "the part's training, file of all five; for an encoder also a WavLM of transformers or of "
            f"Microsoft, or '{RANDOM}', which has learned nothing.",
        )
        group.add_argument(
            "--segment_peak",
            type=float,
            nargs=2,
            default=(1.0, 1.0),
            help="Lowest and highest peak of segments, degraded and clean ones alike.",
        )

    @classmethod
    def reconstruction_terms(cls, config: Mapping[str, Any]) -> Mapping[str, float]:
        """Terms of the part's loss; see ``RestorationTask``."""
        return _part_class(config).DEFAULT_WEIGHTS

    @classmethod
    def check_own_keys(cls, config: Mapping[str, Any], where: str) -> None:
        """Refuse keys within the sections of parts; see ``RestorationTask``."""
        part = _part_class(config)
        given = ("network", "weights", "frozen")
        arguments = [name for name in inspect.signature(part).parameters if name not in given]
        check_keys(config.get("part_conf") or {}, arguments, f"{where}: part_conf")
        check_keys(config.get("frozen") or {}, part.FROZEN, f"{where}: frozen")
        check_keys(config.get("network_conf") or {}, CLASSES, f"{where}: network_conf")
        for name, options in (config.get("network_conf") or {}).items():
            check_keys(
                options or {}, inspect.signature(CLASSES[name]).parameters, f"{where}: network_conf.{name}"
            )

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """The function that makes segments of recordings, in the workers of the data loader."""
        if not train or args.degradation is None or PARTS[args.part].CLEAN_ONLY:
            preprocess = PartPreprocessor(train, args.segment_samples, args.sample_rate, seed=args.seed)
        else:
            preprocess = super().build_preprocess_fn(args, train)
        preprocess.peak_range = tuple(args.segment_peak)
        preprocess.segments_per_recording = args.segments_per_recording
        return preprocess

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> PartModel:
        """The part with its losses and the frozen networks around it.

        Raises:
            UserError: rates, sizes or files that do not go together, by name.
        """
        _check_segments(args)
        options = {
            name: complete_options(name, args.network_conf.get(name) or {}, f"network_conf.{name}")
            for name in CLASSES
        }
        sources = {name: f"network_conf.{name}" for name in CLASSES}
        check_sizes(options, sources)
        frozen = _frozen_networks(args, options)
        _check_together(args.part, options, frozen)
        terms = cls.reconstruction_terms(vars(args))
        try:
            networks = {name: CLASSES[name](**options[name]) for name in networks_of(args.part)}
            part = PARTS[args.part](
                networks.get(args.part) or torch.nn.ModuleDict(networks),
                {term: weight for term, weight in args.loss_weights.items() if term in terms},
                {name: found.network for name, found in frozen.items()},
                **args.part_conf,
            )
        except (TypeError, ValueError, RuntimeError, AssertionError, ArithmeticError) as error:
            raise UserError(f"the {args.part} cannot be built from this configuration: {error}") from error
        if args.part == "encoder":  # the student starts as its teacher
            part.network.load_state_dict(frozen["teacher"].network.state_dict())
        part.cache = frozen_cache(
            args, {name: (found.network, found.options) for name, found in frozen.items()}
        )
        return PartModel(part, *cls.build_adversary(args, part, options))

    @classmethod
    def build_adversary(
        cls, args: argparse.Namespace, part: Part, options: Mapping[str, Any]
    ) -> tuple[torch.nn.Module | None, dict[str, float]]:
        """What the part learns against, and the weights of its terms: here nothing.

        Args:
            args: options of the task.
            part: its training.
            options: arguments of the five networks by name.
        """
        return None, {}


class AdversarialPartTask(PartTask, AdversarialTask):
    """A part against discriminators, which have an optimiser of their own."""

    @classmethod
    def adversarial_terms(cls, config: Mapping[str, Any]) -> Mapping[str, float]:
        """Terms of the adversary, with the part's default weights.

        Raises:
            UserError: there is no such adversary, or the part has none.
        """
        part = _part_class(config)
        check_keys({str(config.get("discriminator")): None}, ADVERSARIES, "discriminator")
        if not part.ADVERSARIAL_WEIGHTS:
            raise UserError(f"the {config['part']} is trained without discriminator; leave it out")
        return part.ADVERSARIAL_WEIGHTS

    @classmethod
    def build_adversary(
        cls, args: argparse.Namespace, part: Part, options: Mapping[str, Any]
    ) -> tuple[torch.nn.Module, dict[str, float]]:
        """See ``PartTask``; raises ``UserError`` for discriminators of something else than the part gives."""
        adversary, given = ADVERSARIES[args.discriminator], {}
        fitting = [
            name
            for name, one in ADVERSARIES.items()
            if getattr(one, "HEARD", None) in part.SIGNAL._fields
        ]
        if args.discriminator not in fitting:
            raise UserError(
                f"discriminator '{args.discriminator}' does not hear what the {args.part} gives; "
                f"choose {' or '.join(fitting)}"
            )
        if adversary.HEARD == "features":
            given = {"feature_channels": options[args.part]["out_channels"]}
        try:
            discriminators = adversary(**{**given, **args.discriminator_conf})
        except (TypeError, ValueError) as error:
            raise UserError(f"discriminator_conf cannot be followed: {error}") from error
        terms = cls.adversarial_terms(vars(args))
        return discriminators, {term: args.loss_weights.get(term, default) for term, default in terms.items()}


def _part_class(config: Mapping[str, Any]) -> type[Part]:
    check_keys({str(config.get("part")): None}, PARTS, "part")
    return PARTS[config["part"]]


def _frozen_networks(
    args: argparse.Namespace, options: Mapping[str, Mapping[str, Any]]
) -> dict[str, PartNetwork]:
    found = {}
    for name in PARTS[args.part].FROZEN:
        kind = "encoder" if name == "teacher" else name
        source = args.frozen.get(name)
        if not source:
            raise UserError(
                f"the {args.part} is trained with a frozen {name}: set 'frozen: {{{name}: FILE}}'"
            )
        found[name] = _untrained(kind, options[kind]) if source == RANDOM else read_part(kind, source)
    return found


def _untrained(kind: str, options: Mapping[str, Any]) -> PartNetwork:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = CLASSES[kind](**options)
        for parameter in network.parameters():
            # With biases of 0 silence passes all norms as 0, where their gradients explode.
            if parameter.dim() == 1:
                parameter += 0.1 * torch.randn(parameter.shape)
    return PartNetwork(dict(options), network, f"the random {kind}")


def _check_together(
    part: str, options: Mapping[str, Mapping[str, Any]], frozen: Mapping[str, PartNetwork]
) -> None:
    """Refuse frozen networks of other sizes than those in training."""
    # The encoder that a vocoder learns from is the teacher of the adapter.
    names = {name: "teacher" if (part, name) == ("vocoder", "encoder") else name for name in frozen}
    learning = networks_of(part)
    check_sizes(
        {name: options[name] for name in learning}
        | {names[name]: network.options for name, network in frozen.items()},
        {name: f"network_conf.{name}" for name in learning}
        | {names[name]: network.source for name, network in frozen.items()},
    )
    if part != "encoder":
        return
    teacher = frozen["teacher"]
    for size, value in teacher.options.items():
        if json.dumps(value) != json.dumps(options[part][size]):  # where tuples are lists
            raise UserError(
                f"the encoder starts as its teacher: set network_conf.encoder.{size} to {json.dumps(value)}, "
                f"as in {teacher.source}"
            )


def _check_segments(args: argparse.Namespace) -> None:
    rate_hz = PARTS[args.part].rate_hz
    if args.sample_rate != rate_hz:
        raise UserError(
            f"the {args.part} learns at {rate_hz} Hz, not {args.sample_rate} Hz: set 'sample_rate: {rate_hz}'"
        )
    if args.batch_by_rate:
        raise UserError(f"the {args.part} learns at one rate, so there is no batch_by_rate; leave it out")
    frame, shortest = rate_hz // _FRAMES_PER_S, round(rate_hz * _SHORTEST_S)
    if args.segment_samples < shortest or args.segment_samples % frame:
        raise UserError(
            f"segment_samples is {args.segment_samples}: use a multiple of {frame} (a frame of the encoder) "
            f"of at least {shortest}"
        )
    low, high = args.segment_peak
    if not 0 < low <= high <= 1:
        raise UserError(f"segment_peak is {low} to {high}: use two numbers above 0, up to 1, the lower first")
