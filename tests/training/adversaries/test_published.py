"""Discriminators and their losses against the numbers of the published code."""

import numpy as np
import pytest
import torch

from espnet_plugin.semamba_pp.spectrum import Spectrum
from espnet_plugin.training.adversaries import VocoderAdversary
from espnet_plugin.training.losses import (
    ReconstructionLoss,
    adversarial_loss,
    discrimination_loss,
    feature_matching_loss,
)
from espnet_plugin.training.signal import Signal
from tests.training.rule_made import OFFICIAL, rule_made_adversary

# Precision, and suffix of the reference; in float32 the limits leave room for the order of sums.
PRECISIONS = [
    pytest.param((torch.float64, ""), id="float64"),
    pytest.param((torch.float32, "_f32"), id="float32"),
]
LOSS_LIMIT = {torch.float64: 2e-7, torch.float32: 1e-6}  # relative
MAP_LIMIT = {torch.float64: 1e-7, torch.float32: 1e-6}  # in standard deviations
GRADIENT_LIMIT = {torch.float64: 2e-7, torch.float32: 1e-5}  # relative, of norms
SIGNALS = ("clean_wav", "clean_mag", "clean_pha", "gen_wav", "gen_mag", "gen_pha")


@pytest.fixture(scope="module")
def numbers(shared):
    with np.load(shared / "fixtures" / "semamba_pp_losses.npz") as stored:
        return {key: stored[key] for key in stored.files if not key.startswith("grad")}


@pytest.fixture(scope="module", params=PRECISIONS)
def precision(request):
    return request.param


@pytest.fixture(scope="module")
def adversary(precision):
    return rule_made_adversary().to(precision[0])


@pytest.fixture(scope="module")
def signals(numbers, precision):
    """Clean and restored; the latter disturbed on purpose, so that its wave has another spectrum."""
    arrays = [torch.from_numpy(numbers[name])[None].to(precision[0]) for name in SIGNALS]
    return Signal(*arrays[:3]), Signal(*arrays[3:])


@pytest.fixture(scope="module")
def judgements(adversary, signals):
    """Those of the clean and of the restored wave, for both discriminators."""
    with torch.no_grad():
        return [adversary.judge(signal.wave) for signal in signals]


@pytest.fixture(scope="module")
def losses(numbers, precision):
    return dict(zip(map(str, numbers["loss_names"]), numbers[f"loss_values{precision[1]}"]))


def front_ends(adversary, wave):
    """What the convolutions of each sub-discriminator see, by official name."""
    for index, resolution in enumerate(adversary.multi_resolution.resolutions):
        yield f"mrd.{index}.real.spec", resolution.spectrogram(wave)
    waves = adversary.sub_band_cqt.octave_waves(wave)
    for index, scale in enumerate(adversary.sub_band_cqt.scales):
        spectrum = torch.cat(scale.transform(waves), dim=-1)  # (B, 2, T, bins)
        yield f"mssbcqtd.{index}.real.cqt", spectrum.permute(0, 3, 2, 1)


def maps(judged, side):
    """Every feature map and score, by official name."""
    for name, judgements in judged.items():
        for index, judgement in enumerate(judgements):
            prefix = f"{OFFICIAL[name]}.{index}.{side}"
            for layer, values in enumerate(judgement.maps):
                yield f"{prefix}.fmap{layer}", values
            score = judgement.score
            yield f"{prefix}.out", score.flatten(1) if name == "multi_resolution" else score


def test_every_map(adversary, signals, judgements, numbers, precision):
    dtype, suffix = precision
    with torch.no_grad():
        found = dict(front_ends(adversary, signals[0].wave))
    found |= {**dict(maps(judgements[0], "real")), **dict(maps(judgements[1], "gen"))}
    names = [str(name) for name in numbers["stat_names"]]
    assert set(found) == set(names)
    statistics = numbers[f"stat_mean_std{suffix}"]
    for name, shape, (mean, deviation) in zip(names, numbers["stat_shapes"], statistics, strict=True):
        values = found[name].double()
        assert "x".join(map(str, values.shape)) == shape, name
        assert values.mean().item() == pytest.approx(mean, abs=MAP_LIMIT[dtype] * deviation), name
        assert values.std().item() == pytest.approx(deviation, rel=MAP_LIMIT[dtype]), name


def test_losses_of_each_discriminator(judgements, losses, precision):
    clean, restored = judgements
    for name, official in OFFICIAL.items():
        found = {
            "adv": adversarial_loss(restored[name]),
            "fm": feature_matching_loss(clean[name], restored[name]),
            "d": discrimination_loss(clean[name], restored[name]),
        }
        for part, value in found.items():
            expected = losses[f"{part}_{official}"]
            assert value.item() == pytest.approx(expected, rel=LOSS_LIMIT[precision[0]]), f"{part}_{official}"


def test_loss_of_the_discriminators(adversary, signals, judgements, losses, precision, monkeypatch):
    stored = iter(judgements)  # what the adversary would compute once more, clean first
    monkeypatch.setattr(adversary, "judge", lambda wave: next(stored))
    loss, parts = adversary.discriminator_loss(*signals)
    limit = LOSS_LIMIT[precision[0]]
    assert loss.item() == pytest.approx(losses["disc_total"], rel=limit)
    for name, official in OFFICIAL.items():
        assert parts[f"discriminator_{name}"].item() == pytest.approx(losses[f"d_{official}"], rel=limit)


def test_loss_of_the_generator_and_its_gradients(adversary, signals, losses, precision):
    dtype, _ = precision
    clean = signals[0]
    magnitude, phase = (part.clone().requires_grad_() for part in signals[1][1:])
    spectrum = Spectrum()
    # The reference used a window in its own precision. Feature matching has a kink wherever two maps are
    # equal: a window rounded to float32 moves its gradient by 3e-6.
    spectrum.hann = torch.hann_window(spectrum.window, dtype=dtype)
    restored = Signal(spectrum.synthesise(magnitude, phase), magnitude, phase)
    reconstruction, values = ReconstructionLoss({"time": 1e-9})(*clean, magnitude, phase, restored.wave)
    terms = adversary.generator_terms(clean, restored)
    weighted = (VocoderAdversary.DEFAULT_WEIGHTS[name] * term for name, term in terms.items())
    total = sum(weighted, reconstruction)
    total.backward()

    limit = LOSS_LIMIT[dtype]
    assert terms["adversarial"].item() == pytest.approx(losses["adv_g"], rel=limit)
    assert terms["feature_matching"].item() == pytest.approx(losses["fm_g"], rel=limit)
    assert values["time"].item() == pytest.approx(losses["time_l1_unused"], rel=limit)
    assert total.item() == pytest.approx(losses["total_generator"], rel=limit)
    for part, name in ((magnitude, "grad_mag_l2"), (phase, "grad_pha_l2")):
        assert part.grad.norm().item() == pytest.approx(losses[name], rel=GRADIENT_LIMIT[dtype]), name
