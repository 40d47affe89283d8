"""The networks of the paper's comparisons: frequency modules, scales, paths, block and output."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.semamba_pp.frequency_modules import FREQUENCY_MODULES, build_frequency_module
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.scales import bins_of_levels, check_scales
from espnet_plugin.semamba_pp.tfdp import TfdpBlock

TOY = {"channels": 4, "blocks": 1, "dense_depth": 1, "state_size": 2, "scan": "reference"}
MIXER = {"state_size": 2, "expansion": 2, "convolution_width": 4, "scan": "reference"}
BLOCK = {"channels": 4, "bins": 8, **MIXER}


def frequency_module(name, bins=24):
    torch.manual_seed(0)
    return build_frequency_module(name, 4, bins, MIXER, None).double()


def features(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def spectra(frames, batch=1):
    generator = torch.Generator().manual_seed(1)
    shape = batch, 201, frames
    return torch.rand(shape, generator=generator), torch.randn(shape, generator=generator)


@pytest.mark.parametrize("name", FREQUENCY_MODULES)
def test_frequency_modules_keep_the_shape_and_train_every_weight(name):
    module = frequency_module(name)
    y = module(features(2, 4, 3, 24))
    assert y.shape == (2, 4, 3, 24)
    y.square().sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("name", FREQUENCY_MODULES)
def test_frequency_modules_treat_every_frame_by_itself(name):
    module = frequency_module(name)
    x = features(1, 4, 3, 24)
    with torch.no_grad():
        torch.testing.assert_close(module(x)[:, :, 1:2], module(x[:, :, 1:2]))


@pytest.mark.parametrize("name", FREQUENCY_MODULES)
def test_how_far_frequency_modules_see(name):
    module = frequency_module(name)
    x = features(1, 4, 1, 24)
    changed = x.clone()
    changed[:, 0, :, -1] += 1.0  # one channel: norms over the channels drop what all have in common
    with torch.no_grad():
        difference = (module(x) - module(changed)).abs().amax((0, 1, 2))
    assert difference[-1] > 0
    if name == "local":  # three convolutions of three bins
        assert difference[-4] > 0 and not difference[:-4].any()
    else:
        assert difference[0] > 0


def test_mamba_along_the_bins_has_two_directions():
    """With the directions exchanged, reversed bins give the reversed result."""
    module, mirrored = frequency_module("mamba"), frequency_module("mamba")
    mirrored.upward_layer, mirrored.downward_layer = mirrored.downward_layer, mirrored.upward_layer
    mirrored.merge.weight.data = mirrored.merge.weight.data.roll(4, 1)
    x = features(1, 4, 2, 24)
    with torch.no_grad():
        torch.testing.assert_close(mirrored(x.flip(-1)).flip(-1), module(x))


def test_serial_is_local_after_global():
    module, x = frequency_module("serial"), features(1, 4, 2, 24)
    with torch.no_grad():
        torch.testing.assert_close(module(x), module.local_path(module.global_path(x)))


def test_linear_variant_has_no_periodic_units():
    names = [name for name, _ in SEMambaPP(**TOY, frequency="linear").named_parameters()]
    assert not any("periodic" in name for name in names)
    assert any("periodic" in name for name, _ in SEMambaPP(**TOY).named_parameters())


@pytest.mark.parametrize("name", FREQUENCY_MODULES)
def test_networks_without_channel_part(name):
    torch.manual_seed(0)
    network = SEMambaPP(**TOY, frequency=name, channel_part=False)
    assert not any(".channel." in key for key in network.state_dict())
    magnitude, phase = network(*spectra(5))
    assert magnitude.shape == phase.shape == (1, 201, 5)


def test_sizes_of_a_frequency_module_reach_it():
    small, large = (
        SEMambaPP(**TOY, frequency="mamba", frequency_conf={"expansion": expansion}) for expansion in (1, 3)
    )
    key = "blocks.0.levels.0.frequency.upward_layer.mixer.input.weight"
    assert [len(network.state_dict()[key]) for network in (small, large)] == [2 * 4, 2 * 12]
    key = key.replace("frequency.upward_layer", "time.forward_layer")
    assert len(large.state_dict()[key]) == 2 * 8


def test_bins_of_levels():
    assert bins_of_levels(100, check_scales(None, 3)) == [100, 50, 25]
    assert bins_of_levels(100, ["time", "frequency"]) == [100, 100, 50]
    assert bins_of_levels(100, ["none", "none"]) == [100, 100, 100]


@given(
    frames=st.integers(1, 13),
    scales=st.lists(st.sampled_from(["time", "frequency", "none"]), min_size=1, max_size=2),
    paths=st.sampled_from(["parallel", "sequential"]),
)
def test_blocks_keep_any_number_of_frames(frames, scales, paths):
    torch.manual_seed(0)
    block = TfdpBlock(**BLOCK, resolutions=len(scales) + 1, scales=scales, paths=paths)
    with torch.no_grad():
        y = block(torch.randn(1, 4, frames, 8))
    assert y.shape == (1, 4, frames, 8) and y.isfinite().all()


def test_levels_of_fewer_frames_share_the_global_path():
    levels = TfdpBlock(**BLOCK, scales=["time", "frequency"]).levels
    first, second, third = (level.frequency.global_path for level in levels)
    assert second is first and third is not first
    unshared = TfdpBlock(**BLOCK, scales=["none", "none"])
    assert unshared.levels[1].frequency.global_path is not unshared.levels[0].frequency.global_path
    network = SEMambaPP(**TOY, scales=["time", "time"])
    again = SEMambaPP(**TOY, scales=["time", "time"])
    again.load_state_dict(network.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(again(*spectra(6))[0], network(*spectra(6))[0])


def test_coarser_levels_see_the_finer_result_in_sequence_only():
    def input_of_second_level(paths):
        torch.manual_seed(0)
        block = TfdpBlock(**BLOCK, paths=paths)
        seen = []
        block.levels[0].channel.register_forward_pre_hook(lambda _, inputs: seen.append("finer level"))
        block.down[0].register_forward_pre_hook(lambda _, inputs: seen.append("step down"))
        x = torch.randn(1, 4, 5, 8)
        block(x)
        return seen

    assert input_of_second_level("sequential") == ["finer level", "step down"]
    assert input_of_second_level("parallel") == ["step down", "finer level"]


def test_a_mask_scales_the_magnitude():
    torch.manual_seed(0)
    network = SEMambaPP(**TOY, block="tfmamba", output="mask")
    magnitude, phase = spectra(5)
    magnitude[:, 7] = 0.0
    with torch.no_grad():
        restored, _ = network(magnitude, phase)
    assert not restored[:, 7].any()
    others = torch.arange(201) != 7
    mask = restored[:, others] / magnitude[:, others]
    assert (mask > 0).all() and (mask < 2).all()


def test_block_of_semamba_has_time_and_frequency_only():
    network = SEMambaPP(**TOY, block="tfmamba")
    parts = {key.split(".")[2] for key in network.state_dict() if key.startswith("blocks.")}
    assert parts == {"time", "frequency"}


@pytest.mark.parametrize("name", [*FREQUENCY_MODULES, "tfmamba"])
@pytest.mark.parametrize("grad", [True, False])
def test_variants_in_bfloat16_stay_close(name, grad):
    options = {"block": name} if name == "tfmamba" else {"frequency": name}
    torch.manual_seed(0)
    network = SEMambaPP(**TOY, **options)
    x = spectra(12)
    with torch.set_grad_enabled(grad):
        full, _ = network(*x)
        with torch.autocast("cpu", torch.bfloat16):
            half, _ = network(*x)
    assert (half.float() - full).norm() < 0.1 * full.norm()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"block": "mamba"}, ValueError, "unknown block 'mamba'"),
        ({"block": "tfmamba", "frequency": "mamba"}, ValueError, "'tfmamba' has no wiring, frequency module"),
        ({"output": "masks"}, ValueError, "unknown output 'masks'"),
        ({"paths": "serial"}, ValueError, "unknown paths 'serial'"),
        ({"frequency": "gpl"}, ValueError, "unknown frequency module 'gpl'"),
        ({"frequency": "spatialnet", "frequency_conf": {"heads": 2}}, TypeError, "heads"),
        ({"frequency": "conformer", "frequency_conf": {"width": 4}}, ValueError, "odd width"),
        ({"frequency": "spatialnet", "frequency_conf": {"width": 4}}, ValueError, "odd width"),
        ({"scales": ["time"]}, ValueError, "3 resolutions need 2 scales"),
        ({"scales": ["time", "half"]}, ValueError, "unknown step 'half'"),
        ({"wiring": "old", "paths": "sequential"}, ValueError, "in parallel only"),
        ({"wiring": "old", "channel_part": False}, ValueError, "channel part"),
    ],
)
def test_impossible_variants_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        SEMambaPP(**{**TOY, **options})
