"""Which of our tasks trains a configuration."""

from collections.abc import Mapping
from typing import Any

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.adversarial_task import AdversarialTask
from espnet_plugin.espnet_modules.task import RestorationTask

#: Names for ``--enh_task``.
ENH_TASKS = ("auto", "enh", "gan")


def choose_task(config: Mapping[str, Any], enh_task: str = "auto") -> type[RestorationTask]:
    """The task for a configuration.

    Args:
        config: the whole configuration.
        enh_task: ``gan`` trains against discriminators, ``enh`` without; ``auto`` looks whether the
            configuration names a discriminator.

    Raises:
        UserError: the choice does not fit the configuration.
    """
    if enh_task not in ENH_TASKS:
        raise UserError(f"enh_task is '{enh_task}'; use one of {', '.join(ENH_TASKS)}")
    adversarial = config.get("discriminator") is not None
    if enh_task == "gan" and not adversarial:
        raise UserError(
            "enh_task gan needs a configuration with 'discriminator', such as conf/train/semamba_pp.yaml"
        )
    if enh_task == "enh" and adversarial:
        raise UserError(
            f"the configuration trains against the discriminator '{config['discriminator']}': use enh_task "
            "gan, or a configuration without it, such as conf/train/semamba_pp_reconstruction.yaml"
        )
    # The tasks below are imported here, as they bring transformers along.
    if "target_weights" in config:
        from espnet_plugin.espnet_modules.student_task import StudentTask

        if adversarial:
            raise UserError("a student (target_weights) learns without discriminator; leave it out")
        return StudentTask
    if config.get("part") is not None:
        from espnet_plugin.espnet_modules.part_task import AdversarialPartTask, PartTask

        return AdversarialPartTask if adversarial else PartTask
    return AdversarialTask if adversarial else RestorationTask
