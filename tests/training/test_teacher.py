"""GAP-URGENet as a teacher: level, rates, and that nothing of it learns or is stored."""

import pytest
import torch
import torchaudio.functional as audio_functional

from espnet_plugin.gap_urgenet.packet_loss import lost_packets
from espnet_plugin.training.frozen_cache import FrozenCache, fingerprint
from espnet_plugin.training.teacher import Teacher
from tests.gap_urgenet.tiny import tiny_network


@pytest.fixture(scope="module")
def network():
    return tiny_network(1)


def segments(samples, count=2, seed=0):
    return 0.3 * torch.randn(2, count, samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "samples, rate_hz, level", [(2001, 16000, 0.01), (3333, 24000, 1.0), (9599, 48000, 2.0)]
)
def test_gives_segments_of_the_same_length_and_of_the_clean_power(network, samples, rate_hz, level):
    degraded, clean = segments(samples)
    taught = Teacher(network, rate_hz)(degraded, level * clean)
    assert taught.shape == degraded.shape and not taught.requires_grad
    powers = (wave.square().mean(-1) for wave in (taught, level * clean))
    torch.testing.assert_close(*powers, rtol=1e-3, atol=0)


def test_is_the_fused_output_of_the_network(network):
    degraded, clean = segments(9600)
    wave = audio_functional.resample(degraded, 48000, 16000)
    with torch.no_grad():
        expected = network(wave, lost_packets(wave))
    gain = (clean.square().mean(-1, keepdim=True) / expected.square().mean(-1, keepdim=True)).sqrt()
    torch.testing.assert_close(Teacher(network)(degraded, clean), gain * expected, rtol=1e-3, atol=1e-4)


def test_silence_teaches_silence(network):
    degraded, clean = segments(9600)
    assert not Teacher(network)(degraded, 0 * clean).any()
    assert Teacher(network)(0 * degraded, clean).isfinite().all()


def test_nothing_of_it_learns_or_is_stored(network):
    teacher = Teacher(network).train()
    assert not teacher.state_dict() and not list(teacher.parameters())
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_it_moves_with_the_model():
    teacher = Teacher(tiny_network()).double()
    assert {parameter.dtype for parameter in teacher.frozen["teacher"].parameters()} == {torch.float64}


def test_what_it_gives_is_kept(network, tmp_path, monkeypatch):
    degraded, clean = segments(9600)
    teacher = Teacher(network).eval()
    plain = teacher(degraded[:1], clean[:1])
    teacher.cache = FrozenCache(tmp_path, 2**30, {"teacher": fingerprint(network, network.options)})
    torch.testing.assert_close(teacher(degraded[:1], clean[:1]), plain)
    once = teacher(degraded, clean)
    monkeypatch.setattr(network, "fuse", lambda *_: pytest.fail("computed again"))
    assert torch.equal(teacher(degraded, clean), once)
    with pytest.raises(pytest.fail.Exception, match="again"):
        teacher.train()(degraded, clean)  # segments of training do not return
    with pytest.raises(pytest.fail.Exception, match="again"):
        teacher.eval()(clean, clean)
