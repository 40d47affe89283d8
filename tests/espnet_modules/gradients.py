"""Gradients, read from what one step of plain descent did to the weights."""

from pathlib import Path

import torch


def gradients(before: Path, after: Path) -> dict[str, torch.Tensor]:
    """Change of each tensor between two experiments, in the direction of the gradient."""
    first, second = (
        torch.load(exp_dir / "checkpoint.pth", weights_only=True)["model"] for exp_dir in (before, after)
    )
    return {name: first[name] - second[name] for name in first}


def assert_same_gradients(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> None:
    """Equal to rounding, tensor by tensor; and no side of the training stood still."""
    for side in ("separator.", "adversary."):
        assert any(value.any() for name, value in others.items() if name.startswith(side))
    for name, value in others.items():
        # Weights near 1 store a change to 1e-7; biases in front of a norm have no gradient but rounding.
        tolerance = 1e-4 * float(value.abs().max()) + 1e-5
        torch.testing.assert_close(some[name], value, rtol=1e-3, atol=tolerance, msg=lambda m: f"{name}: {m}")
