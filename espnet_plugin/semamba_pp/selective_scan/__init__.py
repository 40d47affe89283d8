"""The selective scan of Mamba-1 behind one function, in three forms.

`reference` is plain torch and runs everywhere, `cpu` is numba, `cuda` is mamba_ssm's
kernel. All compute the same function and the same gradients.
"""

import importlib
from dataclasses import dataclass

import torch
from torch import Tensor

FORMS = ("reference", "cpu", "cuda")


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, form: str = "auto"
) -> Tensor:
    """Scan h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t, y_t = C_t h_t + D u_t, from h_(-1) = 0.

    Args:
        u: input, (batch, time, channels).
        delta: step size, positive, (batch, time, channels).
        A: decay rates, negative, (channels, states).
        B: input weights, (batch, time, states).
        C: output weights, (batch, time, states).
        D: weight of the direct path, (channels,).
        form: "reference", "cpu", "cuda", or "auto": the fastest that works for the device
            and precision of u.

    Returns:
        y, (batch, time, channels), in the precision of u.

    Raises:
        ValueError: unknown form, or a form that cannot run here; the message says why.

    See Gu and Dao, "Mamba" (2023), algorithm 2 and equation 2 with the Euler input step.
    """
    if form == "auto":
        form = choose(u.device, u.dtype)
    elif form not in FORMS:
        raise ValueError(f"unknown selective scan '{form}': choose auto, {', '.join(FORMS)}")
    elif (reason := unusable(form)) is not None:
        raise ValueError(f"the selective scan '{form}' cannot run here: {reason}")
    if form == "cpu" and u.device.type != "cpu" or form == "cuda" and u.device.type != "cuda":
        raise ValueError(f"the selective scan '{form}' cannot run on a tensor on {u.device}")
    return importlib.import_module(f"{__name__}.{form}").scan(u, delta, A, B, C, D)


def choose(device: torch.device | str, dtype: torch.dtype = torch.float32) -> str:
    """The form that "auto" means for tensors of this device and precision."""
    device = torch.device(device)
    # The kernels compute in float32: what is more precise goes to the plain version.
    if dtype != torch.float64 and device.type in ("cpu", "cuda") and unusable(device.type) is None:
        return device.type
    return "reference"


def unusable(form: str) -> str | None:
    """Why a form cannot run on this machine, or None."""
    if form == "cpu":
        try:
            importlib.import_module(f"{__name__}.cpu")
        except ImportError as error:
            return f"numba cannot be imported ({error})"
    if form == "cuda":
        return importlib.import_module(f"{__name__}.cuda").failure()
    return None


@dataclass(frozen=True)
class FormStatus:
    """What `urgent26 doctor` says about one form.

    Attributes:
        name: "reference", "cpu" or "cuda".
        available: it can run on this machine.
        active: "auto" takes it, on the best device of this machine.
        reason: why it is (not) available or active.
        remedy: what to install or do for it; empty if nothing.
    """

    name: str
    available: bool
    active: bool
    reason: str
    remedy: str


def report() -> list[FormStatus]:
    """The state of all three forms on this machine."""
    best_device = "cuda" if torch.cuda.is_available() else "cpu"
    active = choose(best_device)
    remedies = {
        "reference": "",
        "cpu": "pip install numba",
        "cuda": "pip install 'espnet-plugin[cuda]' (needs a GPU and nvcc)",
    }
    strengths = {
        "reference": "plain torch, runs everywhere, slow",
        "cpu": f"numba kernel, {torch.get_num_threads()} threads",
        "cuda": "mamba_ssm kernel, a test call succeeded",
    }
    statuses = []
    for name in FORMS:
        problem = unusable(name)
        available = problem is None
        reason = strengths[name] if available else problem
        if available and name == active:
            reason += f"; the fastest that works on {best_device}"
        remedy = "" if available else remedies[name]
        statuses.append(FormStatus(name, available, name == active, reason, remedy))
    return statuses
