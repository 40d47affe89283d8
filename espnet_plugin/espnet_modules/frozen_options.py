"""Options of trainings around frozen networks: whether what these give is kept on disk."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espnet2.utils.types import int_or_none, str_or_none
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.training.frozen_cache import FrozenCache, fingerprint


def add_frozen_options(parser: argparse.ArgumentParser) -> None:
    """Adds ``--frozen_cache``, ``--frozen_cache_gib`` and ``--segments_per_recording``."""
    group = parser.add_argument_group("Frozen networks")
    group.add_argument(
        "--frozen_cache",
        type=str_or_none,
        help="Folder that keeps what frozen networks make of the segments of validation and, with "
        "--segments_per_recording, of training; any number of trainings may share it.",
    )
    group.add_argument("--frozen_cache_gib", type=float, default=50.0, help="What it may hold, in GiB.")
    group.add_argument(
        "--segments_per_recording",
        type=int_or_none,
        help="Cut and degrade each recording in so many ways, which then return; null: always anew.",
    )


def frozen_cache(
    args: argparse.Namespace, networks: Mapping[str, tuple[nn.Module, Mapping[str, Any]]]
) -> FrozenCache | None:
    """Where a training keeps what its frozen networks give, or None.

    Args:
        args: options of the training.
        networks: the frozen networks by name, each with the arguments that it was built with.

    Raises:
        UserError: options that cannot be followed.
    """
    if args.segments_per_recording is not None and args.segments_per_recording < 1:
        raise UserError(
            f"segments_per_recording is {args.segments_per_recording}: use 1 or more, or null for new ones "
            "in every epoch"
        )
    if not args.frozen_cache or not networks:
        return None
    if not args.frozen_cache_gib > 0:
        raise UserError(f"frozen_cache_gib is {args.frozen_cache_gib}: use a number above 0")
    folder = Path(args.frozen_cache).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"frozen_cache: {folder} cannot be made ({error.strerror}); name another") from error
    return FrozenCache(
        folder,
        args.frozen_cache_gib * 2**30,
        {name: fingerprint(*network) for name, network in networks.items()},
        keeps_training=args.segments_per_recording is not None,
    )
