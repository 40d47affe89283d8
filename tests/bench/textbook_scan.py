"""The selective scan as textbooks and mamba's own reference write it: all decays and inputs first.

Kept as the plain variant that the fast forms are measured against. Shapes as in
`espnet_plugin.semamba_pp.selective_scan.selective_scan`.
"""

import torch
from torch import Tensor


def textbook_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, form: str = "") -> Tensor:
    """Build exp(delta A) and delta B u for every step, then loop over time."""
    decay = torch.exp(torch.einsum("bld,dn->bdln", delta, A))
    drive = torch.einsum("bld,bln,bld->bdln", delta, B, u)
    state = torch.zeros_like(decay[:, :, 0])
    outputs = []
    # unbind, not an index per step: the gradient of an index is a zero tensor of the whole size.
    for step_decay, step_drive, weight in zip(decay.unbind(2), drive.unbind(2), C.unbind(1)):
        state = step_decay * state + step_drive
        outputs.append(torch.einsum("bdn,bn->bd", state, weight))
    return torch.stack(outputs, 1) + D * u
