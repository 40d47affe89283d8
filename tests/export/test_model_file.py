"""Files with ONNX models: what they tell, and that wrong ones are not written."""

import hashlib

import numpy as np
import onnx
import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.export import model_file
from espnet_plugin.export.model_file import Difference, check, write
from espnet_plugin.pretrained.zoo_model import Released
from tests.export.tiny import SIZES, tiny_network


def released(network, origin="semamba_pp"):
    return Released("semamba_pp", SIZES, network, 16000, origin)


def properties_of(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_the_file_tells_what_a_program_needs(tmp_path):
    network = tiny_network()
    difference = write(released(network), tmp_path / "model.onnx")
    assert 0 < difference.spectrum < 1e-4 and 0 < difference.magnitude < 1e-4
    told = properties_of(tmp_path / "model.onnx")
    numbers = {key: float(told[key]) for key in ("rate_hz", "window", "hop", "compression", "peak_floor")}
    assert numbers == {"rate_hz": 16000, "window": 400, "hop": 100, "compression": 0.3, "peak_floor": 1e-9}
    assert told["model"] == "semamba_pp" and "authors" in told["origin"] and told["licence"] == "not stated"
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    assert told["sha256_of_weights"] == digest.hexdigest()
    write(released(network, origin=None), tmp_path / "half.onnx", half=True)
    told = properties_of(tmp_path / "half.onnx")
    assert told["weights"] == "float16" and told["origin"] == "trained by the user"


def test_a_model_of_other_numbers_is_not_written(tmp_path, monkeypatch):
    (tmp_path / "model.onnx").write_text("mine")
    other = tiny_network(wiring="old")
    other.load_state_dict(tiny_network().state_dict())
    right = model_file.build
    monkeypatch.setattr(model_file, "build", lambda network, *rest: right(other, *rest))
    with pytest.raises(UserError, match="differs from the network by .* not written"):
        write(released(tiny_network()), tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_text() == "mine"


def test_what_is_no_number_is_refused_in_float16_too():
    check(Difference(1e-2, 1e-2), half=True)
    for half, worst in ((False, 1e-2), (True, np.nan)):
        with pytest.raises(UserError):
            check(Difference(0.0, worst), half)
