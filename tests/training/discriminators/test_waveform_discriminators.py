"""The two discriminators that hear waves: sizes, independence of items, shortest wave, fixed names."""

import csv

import pytest
import torch

from espnet_plugin.training.discriminators import (
    MultiResolutionDiscriminator,
    MultiScaleSubBandCqtDiscriminator,
)
from espnet_plugin.training.discriminators.official_names import from_official, official_name, to_official


def small_multi_resolution():
    return MultiResolutionDiscriminator([(256, 30, 150), (128, 16, 64)], channels=4)


def small_sub_band_cqt():
    return MultiScaleSubBandCqtDiscriminator([(128, 12), (256, 24)], channels=4)


def waves(items=2, samples=1600):
    return torch.randn(items, samples, generator=torch.Generator().manual_seed(0)) * 0.1


def parameters(discriminator):
    return sum(parameter.numel() for parameter in discriminator.parameters())


def test_published_sizes():
    assert parameters(MultiResolutionDiscriminator()) == 280_902
    assert parameters(MultiScaleSubBandCqtDiscriminator()) == 4_453_974


@pytest.mark.parametrize("build, maps", [(small_multi_resolution, 6), (small_sub_band_cqt, 5)])
def test_one_judgement_per_resolution(build, maps):
    judgements = build()(waves())
    assert len(judgements) == 2
    for judgement in judgements:
        assert len(judgement.maps) == maps
        assert judgement.score.shape[:2] == (2, 1)
        assert (judgement.maps[-1] is judgement.score) == (maps == 6)


@pytest.mark.parametrize("build", [small_multi_resolution, small_sub_band_cqt])
def test_items_do_not_see_each_other(build):
    discriminator, both = build(), waves()
    alone = discriminator(both[1:])
    for together, judgement in zip(discriminator(both), alone):
        torch.testing.assert_close(together.score[1:], judgement.score)


@pytest.mark.parametrize("build", [small_multi_resolution, small_sub_band_cqt])
def test_gradient_reaches_the_wave_and_every_weight(build):
    discriminator, wave = build(), waves().requires_grad_()
    sum(judgement.score.square().mean() for judgement in discriminator(wave)).backward()
    for leaf in (wave, *discriminator.parameters()):
        assert leaf.grad.isfinite().all() and leaf.grad.any()


@pytest.mark.parametrize("build", [small_multi_resolution, small_sub_band_cqt])
def test_front_end_keeps_its_precision_under_autocast(build):
    discriminator = build()
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        mixed = discriminator(waves())
    for judgement, expected in zip(mixed, discriminator(waves())):
        assert judgement.score.dtype == torch.bfloat16
        torch.testing.assert_close(judgement.score.float(), expected.score, atol=0.02, rtol=0.05)


def test_shortest_wave():
    discriminator = MultiResolutionDiscriminator(channels=2)
    assert discriminator.shortest_samples == 905
    discriminator(waves(1, 905))
    with pytest.raises(RuntimeError):
        discriminator(waves(1, 904))


def test_hop_that_the_octaves_cannot_halve():
    with pytest.raises(ValueError, match="128"):
        MultiScaleSubBandCqtDiscriminator([(192, 12)])


@pytest.mark.parametrize(
    "official, build",
    [("mrd", MultiResolutionDiscriminator), ("mssbcqtd", MultiScaleSubBandCqtDiscriminator)],
)
def test_names_and_shapes_of_the_official_file(shared, official, build):
    with open(shared / "spec" / "semamba_pp_state_dict.tsv", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["net"] == official]
    discriminator = build()
    state = to_official(discriminator.state_dict())
    shapes = {key: "x".join(map(str, tensor.shape)) for key, tensor in state.items()}
    assert shapes == {row["key"]: row["shape"] for row in rows if row["kind"] == "param"}
    # A whole official file loads strictly: its fixed kernels are passed over.
    file = {row["key"]: torch.ones([int(size) for size in row["shape"].split("x")]) for row in rows}
    discriminator.load_state_dict(from_official(file, discriminator.state_dict()))
    assert all(parameter.eq(1).all() for parameter in discriminator.parameters())


def test_unknown_names_stay_visible():
    names = small_multi_resolution().state_dict()
    assert set(from_official({"discriminators.9.extra": torch.ones(1)}, names)) == {"discriminators.9.extra"}
    with pytest.raises(KeyError, match="resolutions.0.extra"):
        official_name("resolutions.0.extra")
