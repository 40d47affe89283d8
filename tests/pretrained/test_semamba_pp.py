"""Official names and shapes, both ways."""

import csv

import pytest
import torch

from espnet_plugin.pretrained.semamba_pp import from_official, official_name, to_official
from espnet_plugin.semamba_pp.network import SEMambaPP


@pytest.fixture(scope="module")
def network():
    return SEMambaPP()


def test_keys_and_shapes_are_the_official_ones(shared, network):
    with open(shared / "spec" / "semamba_pp_state_dict.tsv", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["net"] == "generator"]
    wanted = {row["key"]: tuple(map(int, row["shape"].split("x"))) for row in rows}
    assert {key: tuple(tensor.shape) for key, tensor in to_official(network.state_dict()).items()} == wanted


def test_there_and_back_is_the_identity(network):
    state = network.state_dict()
    back = from_official(to_official(state), state)
    assert list(back) == list(state)
    assert all(torch.equal(back[name], state[name]) for name in state)


def test_a_foreign_key_keeps_its_name(network):
    assert "surplus" in from_official({"surplus": torch.zeros(1)}, network.state_dict())


def test_an_unknown_parameter_has_no_official_name():
    with pytest.raises(KeyError):
        official_name("encoder.dense.layers.0.bias")
