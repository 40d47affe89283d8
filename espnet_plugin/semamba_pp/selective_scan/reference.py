"""The selective scan in plain torch, one time step after the other.

This is the version to read, the oracle of the tests and the path for every device
and precision that has no kernel.

Shapes: B sequences, L time steps, D channels, N states per channel.
"""

import torch
from torch import Tensor


def scan_step(state: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor):
    """Advance the state by one time step.

    Args:
        state: (B, D, N) before the step.
        u: input, (B, D).
        delta: step size, (B, D), positive.
        A: decay rates, (D, N), negative.
        B: input weights, (B, N).
        C: output weights, (B, N).

    Returns:
        The state after the step (B, D, N) and the output (B, D).
    """
    decay = torch.exp(delta.unsqueeze(-1) * A)
    # Euler, not zero-order hold, on the input side: delta * B, as Mamba has it.
    state = decay * state + (delta * u).unsqueeze(-1) * B.unsqueeze(1)
    return state, (state * C.unsqueeze(1)).sum(-1)


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """Run the scan over all time steps; arguments as in `selective_scan`."""
    state = u.new_zeros(u.shape[0], u.shape[2], A.shape[1])
    outputs = []
    for t in range(u.shape[1]):
        state, output = scan_step(state, u[:, t], delta[:, t], A, B[:, t], C[:, t])
        outputs.append(output)
    return torch.stack(outputs, 1) + D * u
