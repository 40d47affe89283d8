"""Lengths, independence of items, and what the parts promise, with a tiny network."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.gap_urgenet.dewavlm import DeWavLM
from espnet_plugin.gap_urgenet.network import GapUrgenet
from espnet_plugin.gap_urgenet.postnet import PostNet
from tests.gap_urgenet.tiny import GRID, OPTIONS, tiny_network


@pytest.fixture(scope="module")
def network():
    return tiny_network().requires_grad_(False)


def noise(*shape):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


@settings(max_examples=10)
@given(samples=st.integers(320, 6000))
def test_lengths(network, samples):
    wave = noise(1, samples)
    assert network.generative(wave).shape == (1, samples // 320 * 320)
    predictive, fused = network.predictive(wave), network(wave)
    assert predictive.shape == (1, samples) and fused.shape == (1, 3 * samples)
    for result, hop in ((predictive, 256), (fused, 768)):
        whole = result.shape[-1] // hop * hop
        assert not result[:, whole:].any()
        assert result[:, :whole].any() and result.isfinite().all()


def test_items_do_not_see_each_other(network):
    wave = torch.cat((noise(1, 4000), torch.roll(noise(1, 4000), 999, 1) * 3))
    torch.testing.assert_close(network(wave)[1:], network(wave[1:]), rtol=1e-3, atol=1e-4)


def test_lost_packets_are_made_up_from_the_others(network):
    """What stands in a lost packet is not looked at, but for the overlap of the frames around it."""
    wave = noise(1, 6400)
    lost = torch.zeros(1, 20, dtype=torch.bool)
    other = wave.clone()
    other[:, 10 * 320 + 80 : 11 * 320 - 80] += 1
    assert not torch.allclose(network.encoder(wave)[0], network.encoder(other)[0], atol=1e-2)
    lost[:, 9:12] = True
    # The first norm is over channels of a frame, so that nothing of frame 10 is left.
    torch.testing.assert_close(network.encoder(wave, lost)[0], network.encoder(other, lost)[0])


def test_concealment_can_be_switched_off(network):
    wave = noise(1, 6400)
    wave[:, 3200:3520] = 0
    found, off = network.generative(wave), network.generative(wave, conceal=False)
    assert not torch.allclose(found, off)
    nothing = torch.zeros(1, 20, dtype=torch.bool)
    torch.testing.assert_close(network.generative(wave, nothing), off)


def test_bands_come_back_as_they_were_split():
    postnet = PostNet(**GRID)
    parts = noise(2, 4, 3, 769)
    split = postnet._split(parts)
    assert split.shape == (2, 12, 3, 257)
    torch.testing.assert_close(split[:, 4:8], parts[..., 256:513])
    torch.testing.assert_close(postnet._join(split), parts)


@pytest.mark.parametrize("layers", [1, 3])
def test_the_first_layer_alone_is_that_of_the_whole_encoder(layers):
    encoder = DeWavLM(**OPTIONS["encoder"] | {"layers": layers}).eval()
    wave, computed = noise(2, 3200), []
    for layer in encoder.wavlm.encoder.layers:
        layer.register_forward_hook(lambda *_: computed.append(1))
    with torch.no_grad():
        alone, again = encoder.first_layer(wave), encoder.first_layer(wave)
        assert len(computed) == 2
        first, last = encoder(wave)
    assert torch.equal(alone, first) and torch.equal(again, first)
    assert torch.equal(first, last) == (layers == 1)


def test_what_cannot_be_built():
    with pytest.raises(ValueError, match="do not multiply to 320"):
        DeWavLM(**OPTIONS["encoder"] | {"convolutions": [[8, 10, 5]]})
    with pytest.raises(ValueError, match="do not split into 5 bands"):
        PostNet(**GRID, bands=5)
    with pytest.raises(TypeError, match="colour"):
        GapUrgenet(**OPTIONS | {"adapter": {"colour": 1}})


def test_the_options_build_the_network_again(network):
    again = GapUrgenet(**network.options)
    again.load_state_dict(network.state_dict())
    assert again.options == network.options


def test_all_parts_learn():
    network = tiny_network().train()
    wave = noise(1, 3200)
    network(wave, torch.arange(10)[None] == 3).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None]
    # The norm behind the encoder's last layer is the only part without a use.
    assert silent == [f"encoder.wavlm.encoder.layer_norm.{p}" for p in ("weight", "bias")]
