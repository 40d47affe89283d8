"""From a wave to a restored wave: everything around the network (specification, section 1)."""

from torch import Tensor, nn
from torch.nn import functional

from espnet_plugin.semamba_pp.spectrum import Spectrum
from espnet_plugin.threads import one_thread_without_gradients

# Added to the peak before the division, as in the published training and inference.
PEAK_FLOOR = 1e-9


def restore(
    wave: Tensor, network: nn.Module, spectrum: Spectrum, peak: Tensor | None = None
) -> Tensor:
    """Divide by the peak, analyse, restore, synthesise, multiply by the peak.

    The end is padded with zeros to whole hops and cut afterwards, so that no sample is lost
    (the published inference drops up to 99); a wave shorter than half a window is padded
    until the transform can reflect it. Silence stays silence.

    Args:
        wave: (B, N) at the rate of the spectrum, any level; items of equal length, without padding.
        network: takes and returns compressed magnitude and phase (B, F, T).
        spectrum: the transform of the network's features.
        peak: (B, 1), of the recordings that the waves are parts of; the waves' own by default.

    Returns:
        (B, N), with the input's peak as the unit of level.
    """
    samples = wave.shape[1]
    if samples == 0:
        return wave
    shortest = spectrum.window // 2 // spectrum.hop + 1
    whole = max(-(-samples // spectrum.hop), shortest) * spectrum.hop
    if peak is None:
        peak = wave.abs().amax(dim=1, keepdim=True)
    normalised = functional.pad(wave / (peak + PEAK_FLOOR), (0, whole - samples))
    with one_thread_without_gradients():
        features = spectrum.analyse(normalised)
    magnitude, phase = network(*features)
    # Under autocast the network answers in half precision, which the inverse transform lacks.
    with one_thread_without_gradients():
        restored = spectrum.synthesise(magnitude.to(wave.dtype), phase.to(wave.dtype), length=whole)
    return restored[:, :samples] * peak
