"""The selective scan by mamba_ssm's CUDA kernel, used where a call of it really works."""

import functools

import torch
from torch import Tensor


def _kernel():
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn

    return selective_scan_fn


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """Run the scan on the GPU; arguments as in `selective_scan`."""
    # mamba_ssm keeps time on the last axis and wants the state parameters in float32.
    y = _kernel()(
        u.transpose(1, 2).contiguous(),
        delta.transpose(1, 2).contiguous(),
        A.float(),
        B.transpose(1, 2).contiguous(),
        C.transpose(1, 2).contiguous(),
        D.float(),
    )
    return y.transpose(1, 2).to(u.dtype)


@functools.cache
def failure() -> str | None:
    """Why the kernel cannot be used here, or None: found out by calling it on a tiny input."""
    if not torch.cuda.is_available():
        return "torch sees no CUDA device"
    try:
        kernel = _kernel()
    except Exception as error:  # a broken build fails in many ways on import
        return f"mamba_ssm cannot be imported ({type(error).__name__}: {str(error).splitlines()[0]})"
    try:
        x = torch.ones(1, 4, 2, device="cuda")
        states = torch.ones(1, 2, 2, device="cuda")
        kernel(x, x, -torch.ones(4, 2, device="cuda"), states, states, torch.ones(4, device="cuda"))
        torch.cuda.synchronize()
    except Exception as error:
        return f"mamba_ssm's kernel fails on this GPU ({type(error).__name__}: {str(error).splitlines()[0]})"
    return None
