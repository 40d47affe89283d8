"""The separator: lengths, levels, silence, batches, and what it refuses."""

import inspect

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from espnet_plugin.espnet_modules.semamba_pp_separator import SEMambaPPSeparator
from espnet_plugin.semamba_pp.network import SEMambaPP

TOY = {"channels": 4, "blocks": 1, "state_size": 2, "scan": "reference"}


@pytest.fixture(scope="module")
def separator():
    torch.manual_seed(0)
    return SEMambaPPSeparator(1, **TOY).eval().double()


def noise(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=12)
@given(st.integers(1, 900))
@example(1)
@example(200)
@example(201)
@example(299)
@example(300)
def test_length_is_kept(separator, samples):
    with torch.no_grad():
        restored = separator.restore(noise(2, samples))
    assert restored.shape == (2, samples)
    assert torch.isfinite(restored).all()


def test_whole_hops_follow_the_published_chain(separator):
    wave = 0.2 * noise(1, 1200)
    with torch.no_grad():
        peak = wave.abs().max()
        magnitude, phase = separator.network(*separator.spectrum.analyse(wave / (peak + 1e-9)))
        expected = separator.spectrum.synthesise(magnitude, phase) * peak
        torch.testing.assert_close(separator.restore(wave), expected, rtol=1e-4, atol=1e-6)


def test_the_last_samples_are_restored_too(separator):
    wave = noise(1, 1299)
    with torch.no_grad():
        restored = separator.restore(wave)
    assert restored[:, -99:].abs().max() > 1e-3 * restored.abs().max()


def test_level_is_that_of_the_input(separator):
    wave = noise(1, 1000)
    with torch.no_grad():
        torch.testing.assert_close(
            separator.restore(8 * wave), 8 * separator.restore(wave), rtol=1e-4, atol=1e-6
        )


def test_silence_stays_silence(separator):
    with torch.no_grad():
        assert separator.restore(torch.zeros(1, 777).double()).abs().max() == 0.0
    assert separator.restore(torch.zeros(2, 0).double()).shape == (2, 0)


def test_items_of_a_batch_do_not_see_its_padding(separator):
    long, short = noise(1, 1100), noise(1, 730, seed=1)
    batch = torch.cat((long, torch.nn.functional.pad(short, (0, 370))))
    with torch.no_grad():
        (restored,), lengths, others = separator(batch, torch.tensor([1100, 730]))
        torch.testing.assert_close(restored[0], separator.restore(long)[0])
        torch.testing.assert_close(restored[1, :730], separator.restore(short)[0])
    assert restored[1, 730:].abs().max() == 0.0
    assert lengths.tolist() == [1100, 730] and len(others) == 0


def test_reference_channel_is_used(separator):
    wave = noise(1, 500, 2)
    with torch.no_grad():
        (restored,), _, _ = separator(wave, torch.tensor([500]))
        torch.testing.assert_close(restored, separator.restore(wave[:, :, 0]))


def test_spectral_input_is_refused(separator):
    with pytest.raises(ValueError, match="encoder: same"):
        SEMambaPPSeparator(257, **TOY)
    with pytest.raises(ValueError, match="encoder: same"):
        separator(torch.zeros(1, 10, 257, dtype=torch.complex64), torch.tensor([10]))
    with pytest.raises(ValueError, match="num_spk: 1"):
        SEMambaPPSeparator(1, num_spk=2, **TOY)


def test_options_are_those_of_the_network():
    network = inspect.signature(SEMambaPP).parameters
    adapter = inspect.signature(SEMambaPPSeparator).parameters
    assert {name: p.default for name, p in network.items()} == {
        name: p.default for name, p in adapter.items() if name not in ("input_dim", "num_spk")
    }


def test_checkpoint_holds_the_network_only(separator):
    assert {key.split(".")[0] for key in separator.state_dict()} == {"network"}
