"""The ONNX form of SEMamba++ against the torch network."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.export.graph import OPSET, Graph
from espnet_plugin.export.layers import angle
from espnet_plugin.export.network import INPUTS, OUTPUTS, build
from espnet_plugin.semamba_pp.time_mamba import MambaMixer
from tests.export.tiny import difference, random_spectrum, session_of, tiny_network
from tests.semamba_pp.parity import relative_rms, rule_made_network


@pytest.fixture(scope="module")
def pair():
    network = tiny_network()
    return network, session_of(network)


@given(items=st.integers(1, 3), frames=st.integers(1, 60))
def test_any_number_of_items_and_frames(pair, items, frames):
    assert difference(*pair, *random_spectrum(items, frames)) < 1e-4


@pytest.mark.parametrize(
    "options",
    [
        {"wiring": "old"},
        {"resolutions": 1},
        {"resolutions": 2, "channel_part": False},
        {"paths": "sequential"},
        {"scales": ["none", "frequency"]},
        {"convolution_width": 1, "expansion": 1},
    ],
    ids=str,
)
def test_variants(options):
    network = tiny_network(**options)
    assert difference(network, session_of(network), *random_spectrum(1, 19)) < 1e-4


def test_step_sizes_of_any_magnitude():
    network = tiny_network()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, MambaMixer):
                module.step.bias.copy_(torch.linspace(-14, 120, len(module.step.bias)))
    assert difference(network, session_of(network), *random_spectrum(1, 19)) < 1e-4


def test_the_official_numbers_of_full_size(shared):
    fixture = np.load(shared / "fixtures" / "semamba_pp_parity.npz")
    session = session_of(rule_made_network())
    inputs = (fixture["noisy_mag"][None], fixture["noisy_pha"][None])
    magnitude, phase = session.run(None, dict(zip(INPUTS, inputs)))
    official = fixture["out_mag"] * (fixture["out_pha_cos"] + 1j * fixture["out_pha_sin"])
    assert relative_rms(magnitude[0] * np.exp(1j * phase[0]), official) < 2e-5


def test_weights_in_float16_cost_half_and_little_accuracy():
    network = tiny_network(channels=8)
    sizes = [len(build(network, {}, half).SerializeToString()) for half in (False, True)]
    assert sizes[1] < 0.6 * sizes[0]
    assert 1e-5 < difference(network, session_of(network, half=True), *random_spectrum(1, 25)) < 2e-2


def test_the_model_is_valid_and_says_what_it_takes():
    model = build(tiny_network(), {"rate_hz": "16000"})
    onnx.checker.check_model(model, full_check=True)
    outer = {name for node in model.graph.node for name in node.output}
    for node in model.graph.node:  # the names of a part must be others than those around it
        for attribute in node.attribute:
            assert not outer & {name for inner in attribute.g.node for name in inner.output}
    assert [entry.version for entry in model.opset_import] == [OPSET]
    assert {entry.key: entry.value for entry in model.metadata_props} == {"rate_hz": "16000"}
    for values, names in ((model.graph.input, INPUTS), (model.graph.output, OUTPUTS)):
        assert [value.name for value in values] == list(names)
        for value in values:
            lengths = [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
            assert lengths == ["batch", 201, "frames"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"block": "tfmamba"}, "block: TfMambaBlock"),
        ({"frequency": "conformer"}, "frequency: FrequencyConformer"),
        ({"scales": ["time", "frequency"]}, "scales: time"),
        ({"output": "mask"}, "output: mask"),
    ],
    ids=str,
)
def test_variants_without_an_onnx_form(options, words):
    with pytest.raises(UserError, match=words):
        build(tiny_network(**options), {})


def test_angles_of_all_quadrants_and_axes():
    import onnxruntime

    y, x = np.meshgrid(*2 * [np.array([-2, -1e-30, 0, 1e-30, 0.5], np.float32)])
    graph = Graph()
    graph.rename(angle(graph, "y", "x"), "angle")
    model = graph.model({"y": y.shape, "x": x.shape}, {"angle": y.shape}, {})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"y": y, "x": x})
    expected = torch.atan2(torch.from_numpy(y), torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-6)
