"""Every part learns, its frozen networks do not, and checkpoints hold the part alone."""

import pytest
import torch

from espnet_plugin.training.adversaries import FeatureAdversary, PeriodBandAdversary
from espnet_plugin.training.frozen_cache import FrozenCache
from espnet_plugin.training.parts import PARTS, PredictorPart, networks_of
from tests.gap_urgenet.tiny import tiny_network

SMALL = {"multi_period": {"channels": (4, 8)}, "multi_band": {"channels": 4}}
ADVERSARIES = {
    "vocoder": lambda: PeriodBandAdversary(**SMALL),
    "adapter": lambda: FeatureAdversary(feature_channels=24, widths=(4, 8)),
    "postnet": lambda: PeriodBandAdversary(**SMALL),
    "joint": lambda: PeriodBandAdversary(**SMALL),
}


def part(name, **options):
    """The part of a tiny network, with the rest of another one frozen around it."""
    network, around = tiny_network(0), tiny_network(1)
    learning = torch.nn.ModuleDict({one: getattr(network, one) for one in networks_of(name)})
    frozen = {one: around.encoder if one == "teacher" else getattr(around, one) for one in PARTS[name].FROZEN}
    return PARTS[name](learning if name == "joint" else learning[name], frozen=frozen, **options)


def segments(rate_hz, seconds=0.4):
    """Harmonics with a pause, and the same with noise and a lost packet."""
    generator = torch.Generator().manual_seed(0)
    time_s = torch.arange(round(seconds * rate_hz)) / rate_hz
    voices = [
        sum(torch.sin(6.283 * pitch * k * time_s) / k for k in range(1, 6)) for pitch in (110, 190)
    ]
    clean = torch.stack(voices)
    clean = 0.1 * clean * (torch.sin(6.283 * 2 * time_s) > -0.5)
    degraded = clean + 0.03 * torch.randn(clean.shape, generator=generator)
    packet = rate_hz // 50
    degraded[0, 4 * packet : 5 * packet] = 0
    return degraded, clean


@pytest.mark.parametrize("name", PARTS)
def test_the_loss_falls_on_one_batch(name):
    one = part(name, weights={"first": 1.0} if name == "encoder" else None).train()
    batch = segments(one.rate_hz)
    optimizer = torch.optim.Adam(one.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss, terms = one.loss(*one.compare(*batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert set(terms) == {term for term, weight in one.weights.items() if weight}
    # The hybrid loss may be negative; all others are distances.
    assert losses[-1] < losses[0] - 0.05 * abs(losses[0])


@pytest.mark.parametrize("name", PARTS)
def test_frozen_networks_stay_as_they_are_and_are_not_stored(name):
    one = part(name).train()
    before = {key: {k: v.clone() for k, v in net.state_dict().items()} for key, net in one.frozen.items()}
    loss, _ = one.loss(*one.compare(*segments(one.rate_hz)))
    loss.backward()
    assert all(key.startswith("network.") for key in one.state_dict())
    for key, net in one.frozen.items():
        assert not net.training and all(p.grad is None and not p.requires_grad for p in net.parameters())
        assert all(torch.equal(value, before[key][k]) for k, value in net.state_dict().items())
    assert any(parameter.grad.any() for parameter in one.parameters())


@pytest.mark.parametrize("name", [name for name, one in PARTS.items() if one.FROZEN])
def test_what_frozen_networks_give_is_computed_once(name, tmp_path):
    signals, items = [], []
    for _ in range(2):
        one = part(name, weights={"first": 1.0} if name == "encoder" else None).eval()
        one.cache = FrozenCache(tmp_path, 2**30, {key: key for key in one.frozen})
        runs = []
        for network in set(one.frozen.values()):
            inner = getattr(network, "wavlm", network)  # passes of an encoder that end early count as well
            inner.register_forward_pre_hook(lambda _m, args, runs=runs: runs.append(len(args[0])))
        with torch.no_grad():
            signals.append(one.compare(*segments(one.rate_hz)))
        items.append(runs)
    assert set(items[0]) == {1} and not items[1]
    for made, read in zip(*signals, strict=True):
        assert torch.equal(made[0], read[0])
    # A single item and no cache: no rounding of other sizes of batches, so all bits are the same.
    degraded, clean = (wave[1:] for wave in segments(one.rate_hz))
    with torch.no_grad():
        cached = one.compare(degraded, clean)
        one.cache = None
        direct = one.compare(degraded, clean)
    assert all(torch.equal(mine[0], theirs[0]) for mine, theirs in zip(cached, direct, strict=True))


def test_training_segments_are_kept_only_if_they_return(tmp_path):
    one = part("vocoder").train()
    for keeps, files in ((False, 0), (True, 2)):
        one.cache = FrozenCache(tmp_path, 2**30, {"encoder": "one"}, keeps_training=keeps)
        one.compare(*segments(one.rate_hz))
        assert sum(path.is_file() for path in tmp_path.rglob("*")) == files


def test_frozen_networks_move_with_the_part():
    one = part("vocoder").to(torch.float64)
    assert next(one.frozen["encoder"].parameters()).dtype == torch.float64


@pytest.mark.parametrize("name", ADVERSARIES)
def test_adversaries_hear_what_the_part_gives(name):
    one, adversary = part(name), ADVERSARIES[name]()
    target, restored = one.compare(*segments(one.rate_hz))
    loss, _ = adversary.discriminator_loss(target, restored)
    terms = adversary.generator_terms(target, restored)
    assert loss.requires_grad and set(terms) == set(one.ADVERSARIAL_WEIGHTS)
    sum(terms.values()).backward()
    assert any(p.grad is not None and p.grad.any() for p in one.network.parameters())
    assert all(p.grad is None for p in adversary.parameters())


def test_lost_packets_are_masked_for_the_encoder_only():
    one = part("encoder")
    degraded, clean = segments(16000)
    masked = []
    for net in (one.network, one.frozen["teacher"]):
        net.register_forward_pre_hook(lambda _m, args: masked.append(args[1] if len(args) > 1 else None))
    one.compare(degraded, clean)
    assert masked[0] is None and masked[1].any()  # first the teacher


def test_all_processes_have_gradients_of_the_same_weights_whatever_their_packets():
    learned = []
    for lost in (False, True):
        one = part("encoder").train()
        degraded, clean = segments(16000)
        if not lost:
            degraded = degraded + 1e-3
        one.loss(*one.compare(degraded, clean))[0].backward()
        learned.append({name for name, parameter in one.named_parameters() if parameter.grad is not None})
    assert learned[0] == learned[1] and "network.wavlm.masked_spec_embed" in learned[0]


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="no term 'mel' here; the terms are hybrid"):
        part("predictor", weights={"mel": 1.0})
    with pytest.raises(ValueError, match="all weights of hybrid are 0"):
        part("predictor", weights={"hybrid": 0.0})
    with pytest.raises(ValueError, match="are encoder, not none"):
        PARTS["vocoder"](tiny_network().vocoder)
    with pytest.raises(ValueError, match="numerator is one of"):
        PredictorPart(tiny_network().predictor, numerator="both")
