"""DNSMOS P.835: predicted mean opinion scores without a reference (Reddy et al. 2022)."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from espnet_plugin.audio.resample import resample
from espnet_plugin.scoring.metric import Column, Item, Metric, Setup, Unavailable, Unscorable
from espnet_plugin.scoring.onnx_session import single_thread_session

RATE_HZ = 16000
WINDOW_S = 9.01
SHA256 = "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd"

# Polynomials that map the network's three outputs to the scale of the listening test, highest power first.
POLYNOMIALS = {
    "DNSMOS_SIG": (-0.08397278, 1.22083953, 0.0052439),
    "DNSMOS_BAK": (-0.13166888, 1.60915514, -0.39604546),
    "DNSMOS_OVRL": (-0.06766283, 1.11546468, 0.04602535),
}


def model_path() -> Path | None:
    """The official model `sig_bak_ovr.onnx` inside the installed package speechmos; None without it."""
    spec = importlib.util.find_spec("speechmos")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "dnsmos_models" / "sig_bak_ovr.onnx"


def windows(wave: np.ndarray) -> list[np.ndarray]:
    """Windows of 9.01 s every second; a shorter wave is doubled until it fills one.

    Args:
        wave: (samples,) at 16 kHz, at least one sample.
    """
    size = int(WINDOW_S * RATE_HZ)
    while len(wave) < size:
        wave = np.concatenate([wave, wave])
    count = max(1, len(wave) // RATE_HZ - int(WINDOW_S))
    cut = [wave[start * RATE_HZ : int((start + WINDOW_S) * RATE_HZ)] for start in range(count)]
    # From 17 s on the rounding of the line above makes some windows one sample short. The official script
    # leaves those out, and so must we to give its values.
    return [window for window in cut if len(window) == size]


class Dnsmos(Metric):
    """OVRL (ranked in the challenge), SIG and BAK, each between 1 and 5, at 16 kHz.

    The official model runs directly in onnxruntime on one thread: speechmos refuses waves beyond full scale,
    which the official script accepts, and lets threads spin.
    """

    columns = (
        Column("DNSMOS_OVRL", title="DNSMOS"),
        Column("DNSMOS_SIG", title="DNSMOS SIG", shown=False),
        Column("DNSMOS_BAK", title="DNSMOS BAK", shown=False),
    )
    needs_reference = False
    packages = {"speechmos": "speechmos", "onnxruntime": "onnxruntime", "soxr": "soxr"}

    def __init__(self, setup: Setup | None = None):
        super().__init__(setup)
        self._session = None

    def available(self) -> Unavailable | None:
        missing = super().available()
        if missing:
            return missing
        path = model_path()
        if path is None or not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
            return Unavailable(
                "the DNSMOS model in the package speechmos is not the official one",
                "pip install --force-reinstall --no-deps speechmos",
            )
        return None

    def score(self, item: Item) -> tuple[float, ...]:
        if not len(item.estimate):
            raise Unscorable("the file is empty")
        if self._session is None:
            self._session = single_thread_session(model_path())
        wave = resample(item.estimate, item.rate_hz, RATE_HZ)
        raw = np.concatenate(
            [self._session.run(None, {"input_1": window[None]})[0] for window in windows(wave)]
        ).astype(np.float64)  # (windows, 3): signal, background, overall
        means = {
            name: float(np.polyval(polynomial, raw[:, position]).mean())
            for position, (name, polynomial) in enumerate(POLYNOMIALS.items())
        }
        return tuple(means[column.name] for column in self.columns)
