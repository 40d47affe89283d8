"""ESPnet task that trains a restoration network against discriminators."""

import argparse
from collections.abc import Mapping
from typing import Any

import torch
from espnet2.tasks.abs_task import optim_classes
from espnet2.utils.nested_dict_action import NestedDictAction

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.adversarial_model import AdversarialModel
from espnet_plugin.espnet_modules.adversarial_trainer import AdversarialTrainer
from espnet_plugin.espnet_modules.pesq_of_pairs import pesq_of_pairs
from espnet_plugin.espnet_modules.task import RestorationTask
from espnet_plugin.training.adversaries import ADVERSARIES

DEFAULT_ADVERSARY = "vocoder"


class AdversarialTask(RestorationTask):
    """``RestorationTask`` with a second optimiser, for the discriminators.

    ESPnet's own ``EnhancementTask`` reads the same ``config.yaml`` for inference: the discriminators stand
    outside of ``model_conf`` too.
    """

    num_optimizers = 2
    trainer = AdversarialTrainer

    @classmethod
    def add_task_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--discriminator`` and ``--discriminator_conf``."""
        super().add_task_arguments(parser)
        group = parser.add_argument_group("Adversary")
        group.add_argument(
            "--discriminator",
            default=DEFAULT_ADVERSARY,
            choices=sorted(ADVERSARIES),
            help="What the generator is trained against.",
        )
        group.add_argument(
            "--discriminator_conf",
            action=NestedDictAction,
            default={},
            help="Its arguments, such as 'multi_resolution: {channels: 32}'.",
        )

    @classmethod
    def adversarial_terms(cls, config: Mapping[str, Any]) -> Mapping[str, float]:
        """Terms of the chosen adversary with their default weights.

        Raises:
            UserError: there is no such adversary.
        """
        name = str(config.get("discriminator", DEFAULT_ADVERSARY))
        check_keys({name: None}, ADVERSARIES, "discriminator")
        return ADVERSARIES[name].DEFAULT_WEIGHTS

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> AdversarialModel:
        """Generator, losses and adversary.

        Raises:
            UserError: a setting that this training cannot follow.
        """
        terms = cls.adversarial_terms(vars(args))
        given = {"measure": pesq_of_pairs(args.sample_rate)} if args.discriminator == "metric" else {}
        try:
            adversary = ADVERSARIES[args.discriminator](**given, **args.discriminator_conf)
        except (TypeError, ValueError) as error:
            raise UserError(f"discriminator_conf cannot be followed: {error}") from error
        weights = {term: args.loss_weights.get(term, default) for term, default in terms.items()}
        return AdversarialModel(**cls.model_parts(args), adversary=adversary, weights=weights)

    @classmethod
    def build_optimizers(
        cls, args: argparse.Namespace, model: AdversarialModel
    ) -> list[torch.optim.Optimizer]:
        """That of the generator (``optim``) and that of the discriminators (``optim2``).

        Raises:
            UserError: an option that this training cannot follow.
        """
        if args.exclude_weight_decay:
            raise UserError("'exclude_weight_decay' is not used in adversarial training; remove it")
        judging = list(model.adversary.parameters())
        known = set(map(id, judging))
        restoring = [parameter for parameter in model.parameters() if id(parameter) not in known]
        return [
            optim_classes[name.lower()](parameters, **conf)
            for name, parameters, conf in (
                (args.optim, restoring, args.optim_conf),
                (args.optim2, judging, args.optim2_conf),
            )
        ]
