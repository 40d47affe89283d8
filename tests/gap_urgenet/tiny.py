"""A network of all five parts that runs in a fraction of a second."""

import torch

from espnet_plugin.gap_urgenet.network import GapUrgenet

BACKBONE = {"channels": 32, "hidden": 48, "blocks": 2}
GRID = {"channels": 4, "blocks": 1, "lstm_units": 4, "heads": 2, "query_channels": 2}
OPTIONS = {
    "encoder": {
        "channels": 24,
        "layers": 3,
        "heads": 2,
        "hidden": 32,
        "convolutions": [[8, 10, 5], *[[8, 3, 2]] * 4, *[[8, 2, 2]] * 2],
        "position_kernel": 16,
        "position_groups": 4,
        "distance_buckets": 32,
        "distance_reach": 40,
    },
    "adapter": {"in_channels": 24, "out_channels": 24, **BACKBONE},
    "vocoder": {"in_channels": 24, "residual_blocks": 2, "attention_blocks": 2, **BACKBONE},
    "predictor": GRID,
    "postnet": GRID,
}


def tiny_network(seed: int = 0) -> GapUrgenet:
    """Random weights, eval mode."""
    torch.manual_seed(seed)
    return GapUrgenet(**OPTIONS).eval()
