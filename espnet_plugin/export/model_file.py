"""An ONNX model in a file, compared with the network that it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.export.network import INPUTS, build
from espnet_plugin.pretrained.load import write_renamed
from espnet_plugin.pretrained.origin import ORIGINS
from espnet_plugin.pretrained.zoo_model import Released
from espnet_plugin.scoring.onnx_session import single_thread_session
from espnet_plugin.semamba_pp.restoration import PEAK_FLOOR
from espnet_plugin.semamba_pp.spectrum import Spectrum

#: Items and frames of the comparison.
SIZES = ((1, 1), (1, 2), (1, 33), (2, 18), (1, 100))
#: In float32; of a complex spectrum, so that angles count as much as their magnitudes.
LARGEST_DIFFERENCE = 1e-4


@dataclass
class Difference:
    """How far a model is from its network, over all of `SIZES`.

    Attributes:
        magnitude: largest difference of a compressed magnitude.
        spectrum: root mean square of the complex spectrum's difference, over that of the spectrum itself.
    """

    magnitude: float
    spectrum: float


def write(released: Released, path: Path, half: bool = False) -> Difference:
    """Write the network of SEMamba++ and compare what was written, before the file gets its name.

    Args:
        released: the network and what is known about it.
        path: target; replaced if it exists.
        half: store weights in float16.

    Raises:
        UserError: a variant without an ONNX form, or a model that does not give the network's numbers.
    """
    model = build(released.network, properties(released, half), half)
    found = []

    def write_and_compare(temporary: Path) -> None:
        temporary.write_bytes(model.SerializeToString())
        found.append(compare(temporary, released.network))
        check(found[0], half)

    write_renamed(path, write_and_compare)
    return found[0]


def check(difference: Difference, half: bool) -> None:
    """Refuse a model that calculates something else; with weights in float16 it may, if it is finite.

    Raises:
        UserError: it does.
    """
    worst = np.max((difference.magnitude, difference.spectrum))  # of which NaN is the largest
    if not np.isfinite(worst) or not half and worst > LARGEST_DIFFERENCE:
        remedy = "update onnxruntime, and check the checkpoint with urgent26 enhance"
        raise UserError(
            f"the ONNX model differs from the network by {worst:.1e}, so it was not written: {remedy}"
        )


def compare(path: Path, network: nn.Module) -> Difference:
    """Run a file and the network on the same random spectra."""
    session = single_thread_session(path)
    random = np.random.default_rng(0)
    differences, powers, largest = [], [], 0.0
    for items, frames in SIZES:
        shape = (items, Spectrum(network.rate_hz).bins, frames)
        inputs = random.uniform(0, 1.5, shape), random.uniform(-np.pi, np.pi, shape)
        inputs = [values.astype(np.float32) for values in inputs]
        with torch.inference_mode():
            expected = [x.numpy() for x in network(*map(torch.from_numpy, inputs))]
        got = session.run(None, dict(zip(INPUTS, inputs)))
        largest = np.maximum(largest, np.abs(got[0] - expected[0]).max())  # keeps NaN, unlike max()
        spectra = [magnitude * np.exp(1j * phase) for magnitude, phase in (got, expected)]
        differences.append(np.linalg.norm(spectra[0] - spectra[1]))
        powers.append(np.linalg.norm(spectra[1]))
    return Difference(float(largest), float(np.linalg.norm(differences) / np.linalg.norm(powers)))


def properties(released: Released, half: bool) -> dict[str, str]:
    """What the file tells about itself."""
    spectrum = Spectrum(released.network.rate_hz)
    state = released.network.state_dict()
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].contiguous().numpy().tobytes())
    origin = ORIGINS.get(released.origin)
    try:
        writer = f"espnet-plugin {version('espnet-plugin')}"
    except PackageNotFoundError:
        writer = "espnet-plugin"
    told = {
        "model": released.separator,
        "rate_hz": spectrum.rate_hz,
        "window": spectrum.window,
        "window_function": "periodic Hann",
        "hop": spectrum.hop,
        "compression": spectrum.compression,
        "peak_floor": PEAK_FLOOR,
        "weights": "float16" if half else "float32",
        "parameters": sum(parameter.numel() for parameter in released.network.parameters()),
        "sha256_of_weights": digest.hexdigest(),
        "origin": f"{origin.title}, {origin.url}" if origin else "trained by the user",
        "licence": (origin.licence if origin else None) or "not stated",
        "writer": writer,
    }
    return {name: str(value) for name, value in told.items()}
