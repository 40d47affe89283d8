"""SCOREQ on a model file of a few bytes that averages magnitudes: padding, rates, odd and wrong files."""

import numpy as np
import pytest
import torch
from torchaudio.functional import resample

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from espnet_plugin.scoring.scoreq import Scoreq

FILE = "scoreq/adapt_nr_telephone.onnx"


def field(number: int, content: bytes | str | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(content, int):
        return variable_length(number << 3) + variable_length(content)
    content = content.encode() if isinstance(content, str) else content
    return variable_length(number << 3 | 2) + variable_length(len(content)) + content


def variable_length(number: int) -> bytes:
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def averaging_model() -> bytes:
    """ONNX: `mos_output` (batch, 1) is the mean of |`audio_input`| (batch, samples) over samples."""

    def tensor(name, *axes):
        shape = b"".join(
            field(1, field(1, axis) if isinstance(axis, int) else field(2, axis)) for axis in axes
        )
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    axes = field(1, "axes") + field(8, 1) + field(20, 7)
    magnitude = field(1, "audio_input") + field(2, "magnitude") + field(4, "Abs")
    mean = field(1, "magnitude") + field(2, "mos_output") + field(4, "ReduceMean") + field(5, axes)
    graph = field(1, magnitude) + field(1, mean) + field(2, "averages")
    graph += field(11, tensor("audio_input", "batch_size", "samples"))
    graph += field(12, tensor("mos_output", "batch_size", 1))
    return field(1, 7) + field(7, graph) + field(8, field(2, 13))


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    (folder / FILE).parent.mkdir()
    (folder / FILE).write_bytes(averaging_model())
    return folder


@pytest.fixture(scope="module")
def metric(weights_dir):
    return Scoreq(Setup(weights_dir))


@pytest.mark.parametrize(("samples", "padded"), [(321, 640), (640, 640), (16000, 16000), (16001, 16320)])
def test_zeros_fill_the_last_step(metric, samples, padded):
    wave = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    assert metric.score(Item(wave, 16000)) == (pytest.approx(np.abs(wave).sum() / padded, rel=1e-5),)


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_other_rates_are_resampled_by_the_kernel_of_torchaudio(metric, speech, noisy, rate_hz):
    wave = noisy(speech(0.51, rate_hz), 5)
    down = resample(torch.from_numpy(wave), rate_hz, 16000).numpy()
    padded = -(-len(down) // 320) * 320
    assert metric.score(Item(wave, rate_hz)) == (pytest.approx(np.abs(down).sum() / padded, rel=1e-4),)


def test_short_and_silent_files(metric):
    assert metric.score(Item(np.zeros(8000, np.float32), 16000)) == (0.0,)
    for samples in (0, 320):
        with pytest.raises(Unscorable, match="25 ms"):
            metric.score(Item(np.ones(samples, np.float32), 16000))


def test_missing_damaged_and_changed_files(tmp_path, speech):
    metric = Scoreq(Setup(tmp_path))
    missing = metric.available()
    assert "adapt_nr_telephone.onnx is not there" in missing.reason
    assert missing.remedy == "urgent26 weights --fetch SCOREQ"
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(b"no model")
    assert metric.available() is None  # nobody publishes its hash; from here on it is known
    with pytest.raises(UserError, match="adapt_nr_telephone.onnx is damaged or no ONNX model"):
        metric.score(Item(speech(0.1), 16000))
    (tmp_path / FILE).write_bytes(averaging_model())
    assert "is not the file it should be" in metric.available().reason
