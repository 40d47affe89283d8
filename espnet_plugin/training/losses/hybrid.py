"""Loss of GAP-URGENet's predictor: compressed spectra and a logarithmic ratio (specification, 9.1)."""

import torch
from torch import Tensor, nn

NUMERATORS = ("restored", "clean")


class HybridLoss(nn.Module):
    """Distance of compressed complex spectra and magnitudes, minus the logarithm of signal to error.

    With Y, S the spectra of the restored wave y and the clean wave s, moduli floored at 1e-12:
    30 (mean (Re Y |Y|^-0.7 - Re S |S|^-0.7)^2 + the same of the imaginary parts)
    + 70 mean (|Y|^0.3 - |S|^0.3)^2 - 2 mean log10(|n| / max(|y - s|, 1e-12) + 1e-12).

    Args:
        numerator: n in the last term. "restored" takes y, as the published code does: it rewards a rising
            gain; "clean" takes s, which makes the term half a signal-to-distortion ratio in bel.
        window_samples: of the STFT; its hop is half of that.

    Raises:
        ValueError: an unknown numerator.
    """

    FLOOR = 1e-12
    EXPONENT = 0.3
    COMPLEX_WEIGHT, MAGNITUDE_WEIGHT, RATIO_WEIGHT = 30.0, 70.0, 2.0

    def __init__(self, numerator: str = "restored", window_samples: int = 512) -> None:
        super().__init__()
        if numerator not in NUMERATORS:
            raise ValueError(f"numerator is one of {', '.join(NUMERATORS)}, not '{numerator}'")
        self.numerator = numerator
        self.window_samples = window_samples
        self.register_buffer("window", torch.hann_window(window_samples), persistent=False)

    def terms(self, clean_wave: Tensor, restored_wave: Tensor) -> dict[str, Tensor]:
        """``complex``, ``magnitude`` and ``ratio``, unweighted; arguments as for ``forward``."""
        clean, restored = map(self._compressed, (clean_wave, restored_wave))
        complex_distance = sum(
            torch.mean((one - other) ** 2) for one, other in zip(restored[:2], clean[:2], strict=True)
        )
        numerator = restored_wave if self.numerator == "restored" else clean_wave
        error = (restored_wave - clean_wave).norm(dim=-1).clamp(min=self.FLOOR)
        return {
            "complex": complex_distance,
            "magnitude": torch.mean((restored[2] - clean[2]) ** 2),
            "ratio": torch.mean(torch.log10(numerator.norm(dim=-1) / error + self.FLOOR)),
        }

    def forward(self, clean_wave: Tensor, restored_wave: Tensor) -> Tensor:
        """The loss of waves (B, N), N above half a window: a scalar."""
        terms = self.terms(clean_wave, restored_wave)
        return (
            self.COMPLEX_WEIGHT * terms["complex"]
            + self.MAGNITUDE_WEIGHT * terms["magnitude"]
            - self.RATIO_WEIGHT * terms["ratio"]
        )

    def _compressed(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Real part, imaginary part and magnitude (B, F, T), all compressed."""
        spectrum = torch.stft(
            wave,
            self.window_samples,
            self.window_samples // 2,
            window=self.window.to(wave.dtype),
            return_complex=True,
        )
        # The square root of a sum has no gradient at 0; a floor under the sum has.
        power = spectrum.real**2 + spectrum.imag**2
        magnitude = power.clamp(min=self.FLOOR**2).sqrt()
        scale = magnitude ** (self.EXPONENT - 1)
        return spectrum.real * scale, spectrum.imag * scale, magnitude**self.EXPONENT
