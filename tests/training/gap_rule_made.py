"""Discriminators of GAP-URGENet's training with the weights that the reference numbers were computed with."""

import torch
from torch import nn

from espnet_plugin.training.adversaries import PeriodBandAdversary
from espnet_plugin.training.discriminators import FeatureDiscriminator
from tests.gap_urgenet.parity import rule_value

COMMON = {
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
    "score.": "conv_post.",
}


def fill(discriminator: nn.Module, file: str, prefix: str, names: dict[str, str]) -> None:
    """Give a discriminator the weights of the fixture's rule, in float32.

    Args:
        file: word in front of the key in the rule.
        prefix: in front of the official names.
        names: parts of our names -> official ones.
    """
    state = {}
    for name, tensor in discriminator.state_dict().items():
        official = name
        for ours, theirs in (COMMON | names).items():
            official = official.replace(ours, theirs)
        state[name] = torch.from_numpy(rule_value(file, prefix + official, tuple(tensor.shape)))
    discriminator.load_state_dict(state)


def rule_made_adversary() -> PeriodBandAdversary:
    adversary = PeriodBandAdversary()
    for number, (part, names) in enumerate(
        {
            "multi_period": {"periods.": "discriminators.", "convolutions.": "convs."},
            "multi_band": {"resolutions.": "discriminators.", "convolutions.": "band_convs."},
        }.items()
    ):
        # The misspelling is official.
        fill(getattr(adversary, part), "Discriminator", f"discrimiantor.{number}.", names)
    return adversary


def rule_made_feature_discriminator() -> FeatureDiscriminator:
    discriminator = FeatureDiscriminator()
    fill(discriminator, "AdapterDiscriminator", "", {"widths.": "discriminators.", "convolutions.": "convs."})
    return discriminator
