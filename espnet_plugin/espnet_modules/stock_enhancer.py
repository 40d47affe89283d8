"""Enhancement of recordings with any network in ESPnet's form."""

from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from espnet_plugin.enhance.device import choose_device
from espnet_plugin.enhance.enhancer import Enhancer
from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.inference import SeparateSpeech
from espnet_plugin.semamba_pp.restoration import PEAK_FLOOR


class StockEnhancer(Enhancer):
    """A network of ESPnet's stock, with the levels of this package's training.

    Args:
        separate: ESPnet's inference with the trained network.
        options: of ``Enhancer``.
    """

    def __init__(self, separate: SeparateSpeech, **options: Any) -> None:
        encoder = separate.enh_model.encoder
        rate_hz = getattr(encoder, "default_fs", None) or separate.enh_train_args.sample_rate
        super().__init__(separate.enh_model, rate_hz, separate.device, **options)
        self.separate = separate
        self.shortest_samples = getattr(encoder, "n_fft", 1)

    def restore(self, wave: torch.Tensor, peak: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Divide by the peak, enhance, multiply by the peak.

        What ESPnet's normalisation cannot treat, silence and constants, stays as it is.
        """
        samples = wave.shape[1]
        missing = max(self.shortest_samples - samples, 0)
        normalised = functional.pad(wave / (peak + PEAK_FLOOR), (0, missing))
        (restored,) = self.separate(normalised, fs=self.rate_hz)
        restored = torch.from_numpy(restored).to(wave)[:, :samples] * peak
        finite = restored.isfinite().all(dim=1, keepdim=True)
        return torch.where(finite, restored, wave), self.rate_hz


def load_stock(
    checkpoint: str | Path, device: str = "auto", dtype: str = "float32", **options: Any
) -> StockEnhancer:
    """Load a trained network of ESPnet's stock.

    Args:
        checkpoint: experiment folder, pack (.zip), or tag of the ESPnet model zoo.
        device: a name for ``choose_device``.
        dtype: only float32 exists here.
        options: as for ``StockEnhancer``.

    Raises:
        UserError: no such checkpoint, tensors that do not fit, another dtype.
    """
    if dtype != "float32":
        raise UserError(f"networks of ESPnet's stock run in float32 here, not in {dtype}")
    path, place = Path(checkpoint).expanduser(), str(choose_device(device))
    if path.is_dir():
        files = path / "config.yaml", path / "model.pth"
        return _enhancer(SeparateSpeech(*files, device=place), path, options)
    try:
        separate = SeparateSpeech.from_pretrained(str(checkpoint), device=place)
    except UserError:
        raise
    except Exception as error:  # the zoo's client raises many kinds, all meaning "cannot be had"
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"there is no experiment or model {checkpoint} ({reason})") from error
    return _enhancer(separate, path, options)


def _enhancer(separate: SeparateSpeech, source: Path, options: dict[str, Any]) -> StockEnhancer:
    if getattr(separate.enh_model.separator, "inputs", 1) > 1:
        name = separate.enh_train_args.separator
        raise UserError(f"{source}: {name} joins several waves; it cannot enhance a recording by itself")
    return StockEnhancer(separate, **options)
