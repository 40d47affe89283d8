"""A training step: order, one run of the generator, accumulation, several processes, NaN."""

import math

import pytest
import torch
from torch import multiprocessing, nn

from espnet_plugin.training.player import Player
from espnet_plugin.training.processes import Processes
from espnet_plugin.training.signal import Signal
from espnet_plugin.training.training_step import TrainingStep, evaluate

ITEMS = 6


class TinyModel(nn.Module):
    """A generator and a discriminator of a few weights, with the methods that a step calls."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
        self.adversary = nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1))
        self.calls = []

    def compare(self, degraded, clean):
        self.calls.append("compare" if torch.is_grad_enabled() else "compare without gradient")
        return tuple(Signal(wave, wave, wave) for wave in (clean, self.network(degraded)))

    def generator_loss(self, clean, restored, adversarial=True):
        self.calls.append("generator")
        loss = ((clean.wave - restored.wave) ** 2).mean()
        if adversarial:
            loss = loss + ((self.adversary(restored.wave) - 1) ** 2).mean()
        return loss, {"loss": loss.detach()}

    def discriminator_loss(self, clean, restored):
        self.calls.append("discriminator")
        truth, guess = self.adversary(clean.wave), self.adversary(restored.wave.detach())
        loss = ((truth - 1) ** 2).mean() + (guess**2).mean()
        return loss, {"discriminator_loss": loss.detach(), "odd": loss.new_tensor(math.nan)}

    def evaluate(self, clean, restored):
        return self.generator_loss(clean, restored)

    def step(self, processes=None, clips=(math.inf, math.inf), learning_rate=0.1):
        """Plain gradient descent, so that the change of a weight is its gradient."""
        players = [
            Player(torch.optim.SGD(part.parameters(), learning_rate), clip)
            for part, clip in zip((self.network, self.adversary), clips)
        ]
        return TrainingStep(self, *players, processes=processes)


def batch(first=0, last=ITEMS):
    random = torch.Generator().manual_seed(1)
    degraded, clean = (torch.randn(ITEMS, 8, generator=random)[first:last] for _ in range(2))
    return [f"utt{i}" for i in range(first, last)], {"degraded": degraded, "clean": clean}


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def learned(*batches, **options):
    model = TinyModel()
    result = model.step(**options)(list(batches))
    return weights(model), result, model.calls


def test_discriminators_first_then_the_generator_against_the_updated_ones():
    after, result, calls = learned(batch())
    assert calls == ["compare", "discriminator", "generator"]
    # By hand: one step of each, with a fresh run of the generator for the second one.
    model = TinyModel()
    arguments = batch()[1]
    gradients = torch.autograd.grad(
        model.discriminator_loss(*model.compare(**arguments))[0], list(model.adversary.parameters())
    )
    with torch.no_grad():
        for weight, gradient in zip(model.adversary.parameters(), gradients):
            weight -= 0.1 * gradient
    loss, _ = model.generator_loss(*model.compare(**arguments))
    gradients = torch.autograd.grad(loss, list(model.network.parameters()))
    with torch.no_grad():
        for weight, gradient in zip(model.network.parameters(), gradients):
            weight -= 0.1 * gradient
    for name, value in model.state_dict().items():
        torch.testing.assert_close(after[name], value)
    assert result.values["loss"] == pytest.approx(loss.item())
    assert result.items == ITEMS and not result.invalid
    assert result.values["generator_grad_norm"] == pytest.approx(
        torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
    )


def test_accumulated_batches_learn_as_one():
    joint, one, _ = learned(batch())
    parts, several, calls = learned(batch(0, 1), batch(1, 3), batch(3, ITEMS))
    for name, value in joint.items():
        torch.testing.assert_close(parts[name], value)
    assert calls.count("compare without gradient") == calls.count("compare") == 3
    for name in ("loss", "discriminator_loss", "generator_grad_norm", "discriminator_grad_norm"):
        assert several.values[name] == pytest.approx(one.values[name], rel=1e-5)
    assert math.isnan(several.values["odd"])


def test_without_adversary_the_discriminators_rest():
    model = TinyModel()
    before = weights(model)
    result = model.step()([batch()], adversarial=False)
    assert model.calls == ["compare", "generator"] and "discriminator_loss" not in result.values
    after = weights(model)
    assert {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])} == {"network"}


def test_each_side_has_its_own_limit():
    before = weights(TinyModel())
    after, result, _ = learned(batch(), clips=(math.inf, 0.01))
    moved = {
        side: torch.cat([(after[n] - before[n]).flatten() for n in after if n.startswith(side)]).norm() / 0.1
        for side in ("network", "adversary")
    }
    assert moved["adversary"] == pytest.approx(0.01, rel=1e-3)
    assert moved["network"] == pytest.approx(result.values["generator_grad_norm"], rel=1e-3)
    assert result.values["discriminator_grad_norm"] > 0.01


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["degraded", "clean"])
def test_a_batch_that_is_not_finite_is_skipped_and_named(value, where):
    good, bad = batch(0, 3), batch(3, ITEMS)
    bad[1][where][1, 2] = value
    before = weights(TinyModel())
    after, result, _ = learned(good, bad)
    assert result.values == {}
    if "gradient" in result.reason:
        # A saturated activation hides an infinite input from the loss; the gradient is that of all.
        assert value == math.inf
        assert result.invalid == [*good[0], *bad[0]]
        before = {name: weight for name, weight in before.items() if name.startswith("network")}
    else:
        assert result.invalid == bad[0]
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_gradients_that_overflow_are_caught():
    model = TinyModel()
    before = weights(model)
    model.discriminator_loss = lambda clean, restored: (
        (model.adversary(clean.wave) * 0).abs().sqrt().mean(),  # 0, with the gradient 0/0
        {},
    )
    result = model.step()([batch()])
    assert result.reason == "gradient of the discriminator loss" and len(result.invalid) == ITEMS
    assert all(torch.equal(value, before[name]) for name, value in weights(model).items())


def test_evaluation_learns_nothing_and_names_what_is_not_finite():
    model = TinyModel()
    result = evaluate(model, [batch()])
    assert result.values["loss"] > 0 and not result.invalid
    ids, arguments = batch()
    arguments["clean"][0] = math.nan
    assert evaluate(model, [(ids, arguments)]).invalid == ids


def test_bfloat16_reaches_the_networks_and_not_the_weights():
    model = TinyModel()
    seen = []
    model.network[0].register_forward_hook(lambda module, given, result: seen.append(result.dtype))
    step = model.step()
    step.bfloat16 = True
    assert not step([batch()]).invalid
    assert seen == [torch.bfloat16]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def in_one_of_two_processes(rank, folder):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", world_size=2, rank=rank
    )
    torch.set_num_threads(1)
    # Unequal parts, and one process has two batches.
    parts = ([batch(0, 2)], [batch(2, 3), batch(3, ITEMS)])[rank]
    model = TinyModel()
    step = model.step(Processes())
    result = step(parts)
    state = {"weights": weights(model), "values": result.values, "items": result.items}
    # The second step is spoilt for one process only: both must skip it.
    if rank == 1:
        parts[0][1]["clean"][0] = math.nan
    state["invalid"] = step(parts).invalid
    state["after"] = weights(model)
    # One has more batches than the other: both must stop together.
    state["groups"] = [len(group) for group in Processes().groups(range(4 + rank), 2)]
    state["all groups"] = [len(group) for group in Processes().groups(range(4 + rank), 2, to_the_end=True)]
    # A process without batches has its part in the means all the same.
    state["evaluated"] = evaluate(TinyModel(), [batch()] if rank else [], Processes()).values
    torch.save(state, f"{folder}/{rank}.pth")
    torch.distributed.destroy_process_group()


def test_two_processes_learn_as_one_with_the_joint_batch(tmp_path):
    multiprocessing.spawn(in_one_of_two_processes, (str(tmp_path),), nprocs=2)
    states = [torch.load(tmp_path / f"{rank}.pth", weights_only=True) for rank in (0, 1)]
    joint, one, _ = learned(batch())
    for state in states:
        for name, value in joint.items():
            torch.testing.assert_close(state["weights"][name], value)
            assert torch.equal(state["after"][name], states[0]["weights"][name])
        assert state["items"] == ITEMS and state["invalid"] == ["utt2"]
        assert state["values"]["loss"] == pytest.approx(one.values["loss"], rel=1e-5)
    assert [state["groups"] for state in states] == [[2, 2], [2, 2]]
    assert [state["all groups"] for state in states] == [[2, 2, 0], [2, 2, 1]]
    assert states[0]["evaluated"] == states[1]["evaluated"] == evaluate(TinyModel(), [batch()]).values
