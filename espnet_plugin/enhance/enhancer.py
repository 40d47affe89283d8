"""Loaded models that clean recordings of any rate, length and number of channels."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import nn

from espnet_plugin.audio.overlap_add import overlap_add
from espnet_plugin.audio.resample import resample
from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """The torch device that a name stands for.

    Args:
        name: "auto" (CUDA if present, else Apple's GPU, else the CPU), "cpu", "cuda", "cuda:1", "mps".

    Raises:
        UserError: unknown name, or a device this machine does not have.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"unknown device '{name}': choose auto, cpu, cuda, cuda:1 or mps") from None
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(device.type, False) or (device.index or 0) >= max(torch.cuda.device_count(), 1):
        raise UserError(f"this machine has no device '{name}': choose --device cpu or auto")
    return device


class Enhancer(ABC):
    """A network for whole recordings of any rate, length and number of channels.

    Args:
        network: the network, with its weights.
        rate_hz: the rate it works at; recordings are resampled to it and back.
        device: a name for `choose_device`.
        dtype: "float32", "bfloat16" or "float16"; the halves are used inside the network only.
        window_s: longer recordings are processed in windows of this length; it bounds the memory.
        overlap_s: length of the crossfades between windows.

    Attributes:
        network: the torch module.
        rate_hz: as given.
    """

    def __init__(
        self,
        network: nn.Module,
        rate_hz: int,
        device: str = "auto",
        dtype: str = "float32",
        window_s: float = 30.0,
        overlap_s: float = 1.0,
    ):
        if dtype not in DTYPES:
            raise UserError(f"unknown dtype '{dtype}': choose {', '.join(DTYPES)}")
        if not 0 <= overlap_s < window_s:
            raise UserError(f"the overlap of {overlap_s} s must be shorter than the window of {window_s} s")
        self.device = choose_device(device)
        self.dtype = DTYPES[dtype]
        self.network = network.to(self.device).eval()
        self.rate_hz = rate_hz
        self.window_s = window_s
        self.overlap_s = overlap_s

    @abstractmethod
    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Clean waves (B, N) at `rate_hz`, on `device`, each by itself; the level stays that of the input."""

    def enhance(self, wave: np.ndarray, rate_hz: int) -> np.ndarray:
        """Clean a recording; each channel is treated by itself.

        Args:
            wave: (samples,) or (samples, channels), floating point, full scale 1.
            rate_hz: its sampling rate. Content above half the network's rate is not restored: a
                recording of a higher rate comes back at that rate, without it.

        Returns:
            float32 of the same shape, at the same rate, time-aligned with the input.

        Raises:
            UserError: the wave holds NaN or infinite samples.
        """
        wave = np.asarray(wave, dtype=np.float32)
        if wave.ndim not in (1, 2):
            raise UserError(f"a wave has shape (samples,) or (samples, channels), this one has {wave.shape}")
        if not np.isfinite(wave).all():
            raise UserError("the recording holds NaN or infinite samples; repair it before enhancement")
        if wave.size == 0:
            return wave
        native = resample(wave, rate_hz, self.rate_hz)
        channels_last = native.reshape(len(native), -1)
        window, overlap = (round(seconds * self.rate_hz) for seconds in (self.window_s, self.overlap_s))
        restored = overlap_add(self._restore, channels_last, window, overlap)
        restored = resample(restored.reshape(native.shape), self.rate_hz, rate_hz)[: len(wave)]
        return np.nan_to_num(restored)

    def _restore(self, wave: np.ndarray) -> np.ndarray:
        """One window (samples, channels) at the network's rate."""
        batch = torch.from_numpy(np.ascontiguousarray(wave.T)).to(self.device)
        half = self.dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self.device.type, self.dtype, enabled=half):
            return self.restore(batch).T.cpu().numpy()


class SEMambaPPEnhancer(Enhancer):
    """SEMamba++ for whole recordings; arguments as for `Enhancer`."""

    def __init__(self, network: nn.Module, device: str = "auto", dtype: str = "float32", **windows: float):
        spectrum = Spectrum()
        super().__init__(network, spectrum.rate_hz, device, dtype, **windows)
        self.spectrum = spectrum.to(self.device)

    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        return restore(wave, self.network, self.spectrum)
