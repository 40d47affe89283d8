"""Refuses training configurations with keys that nobody would read, before anything starts."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.tasks.abs_task import optim_classes, scheduler_classes
from espnet2.tasks.enh import decoder_choices, encoder_choices, separator_choices

from espnet_plugin.config import check_keys
from espnet_plugin.errors import UserError
from espnet_plugin.training.adversaries import ADVERSARIES

if TYPE_CHECKING:
    from espnet_plugin.espnet_modules.task import RestorationTask

#: Filled in by the task, not by the configuration.
_GIVEN = {
    "encoder": (),
    "separator": ("input_dim",),
    "decoder": (),
    "optim": ("params",),
    "scheduler": ("optimizer", "last_epoch", "verbose"),
    "model": ("encoder", "separator", "decoder", "mask_module", "loss_wrappers"),
    "discriminator": ("measure",),
}


def check_train_config(config: Mapping[str, Any], task: "type[RestorationTask]", where: str) -> None:
    """Check every key of a training configuration, also inside of ``separator_conf`` and the like.

    Args:
        config: the whole configuration.
        task: the task that will read it.
        where: how to call the configuration in an error, such as its file name.

    Raises:
        UserError: an unknown key, an unknown name of a class, a section that is no mapping.
    """
    arguments = {action.dest: action for action in task.get_parser()._actions}
    check_keys(config, arguments, where)
    for kind, choices in (
        ("encoder", encoder_choices),
        ("separator", separator_choices),
        ("decoder", decoder_choices),
    ):
        name = config.get(kind, choices.default)
        _check_section(config, kind, _named(choices.classes, name, kind, where), where)
    for number in range(1, task.num_optimizers + 1):
        suffix = "" if number == 1 else str(number)
        for kind, classes in (("optim", optim_classes), ("scheduler", scheduler_classes)):
            key = kind + suffix
            name = config.get(key, arguments[key].default)
            if name is not None:
                _check_section(config, key, _named(classes, name, key, where), where, kind)
    _check_section(config, "model", ESPnetEnhancementModel, where)
    if "discriminator" in config:
        adversary = _named(ADVERSARIES, config["discriminator"], "discriminator", where)
        _check_section(config, "discriminator", adversary, where)
    task.check_own_keys(config, where)
    terms = [*task.reconstruction_terms(config), *task.adversarial_terms(config)]
    check_keys(_section(config, "loss_weights", where), terms, f"{where}: loss_weights")
    for key in ("accum_grad", "grad_clip", "grad_clip2", "max_invalid_steps"):
        value = config.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise UserError(f"{where}: {key} must be a number above 0, not {value!r}")


def _named(classes: Mapping[str, Callable], name: Any, kind: str, where: str) -> Callable:
    check_keys({str(name).lower(): None}, classes, f"{where}: {kind}")
    return classes[str(name).lower()]


def _check_section(
    config: Mapping[str, Any], key: str, reader: Callable, where: str, kind: str | None = None
) -> None:
    section = _section(config, f"{key}_conf", where)
    parameters = inspect.signature(reader).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return
    allowed = [parameter.name for parameter in parameters if parameter.name not in _GIVEN[kind or key]]
    check_keys(section, allowed, f"{where}: {key}_conf")


def _section(config: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    section = config.get(key) or {}
    if not isinstance(section, Mapping):
        raise UserError(f"{where}: '{key}' must be a mapping (key: value), not {section!r}")
    return section
