"""Adds the separators of this package to ESPnet's tables of classes."""

import sys
from types import ModuleType

from espnet2.schedulers.abs_scheduler import AbsBatchStepScheduler
from espnet2.tasks import enh
from espnet2.tasks.abs_task import scheduler_classes
from espnet2.train.class_choices import ClassChoices

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.gap_separators import (
    GapPostnetSeparator,
    GapPredictorSeparator,
    GapUrgenetSeparator,
)
from espnet_plugin.espnet_modules.semamba_pp_separator import SEMambaPPSeparator
from espnet_plugin.training.schedule import WarmupCosine

#: Name of ``WarmupCosine`` in a configuration (``scheduler: NAME``).
WARMUP_COSINE = "warmup_cosine"
#: Name in a configuration (``separator: NAME``) -> class.
SEPARATORS = {
    separator.name: separator
    for separator in (SEMambaPPSeparator, GapPredictorSeparator, GapPostnetSeparator, GapUrgenetSeparator)
}


def register() -> None:
    """Make ESPnet's tasks, inference and packing know the separators and schedules of this package.

    ESPnet has no plug-in mechanism: a class is known once its table holds it, in every process. Calling this
    again changes nothing.

    Raises:
        UserError: another class already has one of the names.
        TypeError: a class does not derive from what the table asks for.
    """
    for name, separator in SEPARATORS.items():
        for choices in _separator_tables():
            add_class(choices, name, separator)
    if scheduler_classes.setdefault(WARMUP_COSINE, WarmupCosine) is not WarmupCosine:
        raise UserError(f"ESPnet already has a scheduler '{WARMUP_COSINE}'; remove the plug-in that registers it")
    # It derives from torch's class; ESPnet tells those apart that advance with every step.
    AbsBatchStepScheduler.register(WarmupCosine)


def add_class(choices: ClassChoices, name: str, new: type) -> None:
    """Put one class into one of ESPnet's tables, with the checks that the table skips for late entries.

    Args:
        choices: the table.
        name: lower-case name for configurations.
        new: the class; must derive from the table's base class.

    Raises:
        UserError: the name belongs to another class.
        TypeError: wrong base class.
        ValueError: the name is not in lower case, so that ESPnet could never look it up.
    """
    if name != name.lower():
        raise ValueError(f"ESPnet looks up names in lower case, '{name}' would never be found")
    if choices.base_type is not None and not issubclass(new, choices.base_type):
        raise TypeError(f"{new.__qualname__} must derive from {choices.base_type.__qualname__}")
    present = choices.classes.get(name)
    if present is not None and present is not new:
        raise UserError(
            f"ESPnet already has the {choices.name} '{name}' ({present.__module__}.{present.__qualname__}); "
            "remove the other plug-in that registers it"
        )
    choices.classes[name] = new


def _separator_tables() -> list[ClassChoices]:
    tables = [enh.separator_choices]
    # The joint enhancement and recognition task copies the table when it is imported.
    joint: ModuleType | None = sys.modules.get("espnet2.tasks.enh_s2t")
    copied = getattr(joint, "enh_separator_choices", None)
    if copied is not None and copied is not enh.separator_choices:
        tables.append(copied)
    return tables
