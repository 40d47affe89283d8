"""Networks of released size with random weights, which take as long as the released ones."""

import torch
from torch import nn


def random_network(model: str) -> nn.Module:
    """The network of a model that is named as for `espnet_plugin.load`: "semamba_pp" or "gap_urgenet"."""
    torch.manual_seed(0)
    if model == "gap_urgenet":
        return _random_gap_urgenet()
    from espnet_plugin.semamba_pp.network import SEMambaPP

    return SEMambaPP().eval()


def _random_gap_urgenet() -> nn.Module:
    """Of a size that lets a signal through; torch's own initial values would take a minute."""
    from espnet_plugin.gap_urgenet.network import GapUrgenet

    with torch.device("meta"):
        network = GapUrgenet()
    network = network.to_empty(device="cpu").eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if name.endswith("gamma") or name.endswith("weight") and parameter.ndim == 1:  # of norms
            parameter.normal_(1, 0.1)
        else:
            parameter.normal_(std=parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.1)
    return network
