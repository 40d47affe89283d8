"""Small networks and the sessions that run their ONNX form."""

import numpy as np
import onnxruntime
import torch

from espnet_plugin.export.network import INPUTS, build
from espnet_plugin.semamba_pp.network import SEMambaPP

SIZES = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 3}


def tiny_network(**options) -> SEMambaPP:
    """Random weights, also where new networks have zeros or ones."""
    torch.manual_seed(0)
    network = SEMambaPP(**{**SIZES, **options}).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


def session_of(network: SEMambaPP, half: bool = False) -> onnxruntime.InferenceSession:
    """Of one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = build(network, {}, half).SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def random_spectrum(items: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude and phase, (items, 201, frames)."""
    random = np.random.default_rng(frames)
    values = random.uniform(0, 1.5, (items, 201, frames)), random.uniform(-np.pi, np.pi, (items, 201, frames))
    return tuple(value.astype(np.float32) for value in values)


def difference(network: SEMambaPP, session, magnitude: np.ndarray, phase: np.ndarray) -> float:
    """Root mean square of the complex spectra's difference over that of the network's spectrum."""
    with torch.inference_mode():
        expected = [x.numpy() for x in network(torch.from_numpy(magnitude), torch.from_numpy(phase))]
    got = session.run(None, dict(zip(INPUTS, (magnitude, phase))))
    value, reference = (m.astype(np.float64) * np.exp(1j * p.astype(np.float64)) for m, p in (got, expected))
    assert value.shape == reference.shape == magnitude.shape
    return float(np.linalg.norm(value - reference) / np.linalg.norm(reference))
