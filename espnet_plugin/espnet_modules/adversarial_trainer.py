"""ESPnet's adversarial trainer with one run of the generator per step and a gradient limit per optimiser."""

import argparse
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from espnet2.train.gan_trainer import GANTrainer, GANTrainerOptions

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.trainer import SafeTrainer, player_of
from espnet_plugin.training.player import Player


@dataclasses.dataclass
class AdversarialOptions(GANTrainerOptions):
    """What the adversarial trainer reads of the configuration."""

    max_invalid_steps: int
    grad_clip2: float
    discriminator_start_step: int


class AdversarialTrainer(SafeTrainer, GANTrainer):
    """Trainer for a generator and discriminators; in every step the discriminators learn first."""

    options_class = AdversarialOptions

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Adds ``--grad_clip2`` and ``--discriminator_start_step``."""
        super().add_arguments(parser)
        parser.add_argument(
            "--grad_clip2",
            type=float,
            default=math.inf,
            help="Largest norm of the discriminators' gradient; --grad_clip limits the generator's.",
        )
        parser.add_argument(
            "--discriminator_start_step",
            type=int,
            default=0,
            help="Steps with the reconstruction losses alone, before the discriminators join.",
        )

    @classmethod
    def build_options(cls, args: argparse.Namespace) -> AdversarialOptions:
        """As ``SafeTrainer.build_options``."""
        for name in ("generator_first", "skip_discriminator_prob"):
            if getattr(args, name):
                raise UserError(f"'{name}' is not used in this training: the discriminators learn first")
        return super().build_options(args)

    @classmethod
    def players(
        cls,
        optimizers: Sequence[torch.optim.Optimizer],
        schedulers: Sequence[Any],
        options: AdversarialOptions,
    ) -> list[Player]:
        """The generator, then the discriminators."""
        clips = (options.grad_clip, options.grad_clip2)
        return [player_of(*three, options) for three in zip(optimizers, schedulers, clips, strict=True)]

    @classmethod
    def is_adversarial(cls, steps_done: int, options: AdversarialOptions) -> bool:
        """Whether the discriminators take part in the next step."""
        return steps_done >= options.discriminator_start_step
