import pytest
import torch
from torch import nn

from espnet_plugin.analysis.probes import Probes, levels_of
from espnet_plugin.errors import UserError


def test_gradients_by_hand():
    first, second = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    first.weight.data.fill_(3.0)
    second.weight.data.fill_(5.0)
    network = nn.Sequential(first, second).requires_grad_(False)
    with Probes({"first": first, "second": second}) as probes:
        output = network(torch.tensor([[2.0]]))
        gradients = probes.gradients(output.square().sum())
    # y = 5 * (3 * 2) = 30; d y^2 / d y = 60, and 5 times as much one step earlier.
    assert output.item() == 30.0
    assert gradients["second"].item() == 60.0 and gradients["first"].item() == 300.0


def test_a_shared_module_is_watched_once_per_name():
    shared = nn.Linear(1, 1, bias=False)
    shared.weight.data.fill_(3.0)
    shared.requires_grad_(False)
    with Probes({"first": shared, "second": shared}) as probes:
        for _ in range(2):  # also in a second run
            gradients = probes.gradients(shared(shared(torch.tensor([[2.0]]))).sum())
            assert gradients["first"].item() == 3.0 and gradients["second"].item() == 1.0


def test_nothing_stays_behind():
    layer = nn.Linear(2, 2)
    with Probes({"layer": layer}):
        pass
    assert not layer._forward_hooks


def test_levels_of_a_network(network):
    assert list(levels_of(network)) == [(block, level) for block in (0, 1) for level in (0, 1, 2)]
    with pytest.raises(UserError, match="no resolutions"):
        levels_of(nn.Linear(1, 1))
