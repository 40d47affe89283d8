"""GAP-URGENet's training configurations: every key is read, and the released sizes are those published."""

import pytest
import torch

from espnet_plugin.config import load_config
from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.training.parts import PARTS
from espnet_plugin.training.schedule import WarmupCosine
from tests.conf.test_train_configs import TRAIN


@pytest.mark.espnet
@pytest.mark.parametrize("suffix", ["", "_toy"])
@pytest.mark.parametrize("part", PARTS)
def test_every_key_is_read(part, suffix):
    from espnet_plugin.espnet_modules.config_check import check_train_config
    from espnet_plugin.espnet_modules.task_choice import choose_task

    name = f"gap_{part}{suffix}.yaml"
    config = load_config(TRAIN / name)
    task = choose_task(config)
    check_train_config(config, task, name)
    assert config["part"] == part and config["sample_rate"] == PARTS[part].rate_hz
    # Two optimisers where there are discriminators, and as many schedules.
    assert task.num_optimizers == 1 + bool(PARTS[part].ADVERSARIAL_WEIGHTS)
    for number in ("", "2")[: task.num_optimizers]:
        optimizer = torch.optim.AdamW([torch.zeros(1)], **config[f"optim{number}_conf"])
        assert config[f"scheduler{number}"] == "warmup_cosine" and config[f"grad_clip{number}"] == 3.0
        WarmupCosine(optimizer, **config[f"scheduler{number}_conf"])


def test_the_released_sizes():
    sizes = load_config(TRAIN / "gap_common.yaml")["network_conf"]
    with torch.device("meta"):
        network, released = GapUrgenet(**sizes), GapUrgenet()
    assert sum(parameter.numel() for parameter in network.parameters()) == 568_567_237
    assert network.options == released.options


def test_the_published_weights_are_the_defaults():
    for part, one in PARTS.items():
        stated = load_config(TRAIN / f"gap_{part}.yaml").get("loss_weights", {})
        assert stated in ({}, {**one.DEFAULT_WEIGHTS, **one.ADVERSARIAL_WEIGHTS})


def test_the_student_is_as_small_as_its_header_says():
    with torch.device("meta"):
        network = SEMambaPP(**load_config(TRAIN / "gap_student.yaml")["separator_conf"])
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == 5_039_845 and round(568_567_237 / parameters) == 113
