"""Every reconstruction term against the values of the published losses."""

import numpy as np
import pytest
import torch

from espnet_plugin.training.losses import ReconstructionLoss, complex_loss, magnitude_loss
from espnet_plugin.training.losses.complex_spectrum import cartesian
from espnet_plugin.training.losses.phase import phase_terms
from tests.semamba_pp.parity import rule_made_network

INPUTS = ("clean_wav", "clean_mag", "clean_pha", "gen_mag", "gen_pha", "gen_wav")
RECONSTRUCTION = ("magnitude", "phase", "complex", "consistency", "mel")


@pytest.fixture(scope="module")
def reference(shared):
    with np.load(shared / "fixtures" / "semamba_pp_losses.npz") as stored:
        names = [str(name) for name in stored["loss_names"]]
        arrays = {key: stored[key] for key in INPUTS}
        return arrays, dict(zip(names, stored["loss_values"])), dict(zip(names, stored["loss_values_f32"]))


def signals(arrays, dtype):
    return {key: torch.from_numpy(value)[None].to(dtype) for key, value in arrays.items()}


def inputs(signal):
    return tuple(signal[name] for name in INPUTS)


@pytest.mark.parametrize("dtype, limit", [(torch.float64, 2e-7), (torch.float32, 1e-6)])
def test_terms_match_the_published_losses(reference, dtype, limit):
    arrays, float64_values, float32_values = reference
    expected = float64_values if dtype == torch.float64 else float32_values
    _, terms = ReconstructionLoss()(*inputs(signals(arrays, dtype)))
    for term in RECONSTRUCTION:
        assert float(terms[term]) == pytest.approx(expected[term], rel=limit), term


def test_phase_parts_match_the_published_losses(reference):
    arrays, expected, _ = reference
    signal = signals(arrays, torch.float64)
    parts = phase_terms(signal["clean_pha"], signal["gen_pha"])
    assert float(parts.instantaneous) == pytest.approx(expected["phase_ip"], rel=2e-7)
    assert float(parts.group_delay) == pytest.approx(expected["phase_gd"], rel=2e-7)
    assert float(parts.angular_frequency) == pytest.approx(expected["phase_iaf"], rel=2e-7)


def test_sum_and_adversarial_part_give_the_published_total(reference):
    arrays, expected, _ = reference
    total, _ = ReconstructionLoss()(*inputs(signals(arrays, torch.float64)))
    adversarial = expected["adv_g"] + expected["fm_g"]
    assert float(total) + adversarial == pytest.approx(expected["total_generator"], rel=2e-7)


def test_loss_through_the_network_in_float32(shared):
    fixtures, frames = shared / "fixtures", slice(0, 41)
    with np.load(fixtures / "semamba_pp_losses.npz") as stored:
        clean = [torch.from_numpy(stored[name][None, :, frames]) for name in ("clean_mag", "clean_pha")]
        expected = stored["grad_loss"][1]
    with np.load(fixtures / "semamba_pp_parity.npz") as stored:
        noisy = [torch.from_numpy(stored[name][None, :, frames]) for name in ("noisy_mag", "noisy_pha")]
    with torch.no_grad():
        restored = rule_made_network()(*noisy)
    loss = 0.9 * magnitude_loss(clean[0], restored[0])
    loss += 0.1 * complex_loss(cartesian(*clean), cartesian(*restored))
    assert loss.item() == pytest.approx(expected, rel=1e-6)
