"""Background noises of the built-in corpus. All are (samples,) float64 of arbitrary level."""

from collections.abc import Sequence

import numpy as np

KINDS = ("white", "pink", "brown", "hum", "babble", "gusts")

# Power falls with frequency to this exponent.
COLOUR_EXPONENTS = {"white": 0.0, "pink": 1.0, "brown": 2.0}

LOWEST_HZ = 20.0  # below, brown noise would spend its level on inaudible drift


def coloured(colour: str, samples: int, rate_hz: int, random: np.random.Generator) -> np.ndarray:
    """Stationary noise with a sloping spectrum.

    Args:
        colour: white, pink (-3 dB per octave) or brown (-6 dB per octave).
        samples: length.
        rate_hz: sampling rate.
        random: source of the noise.
    """
    return _shaped(COLOUR_EXPONENTS[colour], samples, rate_hz, random)


def hum(samples: int, rate_hz: int, random: np.random.Generator) -> np.ndarray:
    """Mains hum: harmonics of 50 or 60 Hz that fall off at a random pace, over a weak hiss."""
    mains_hz = random.choice([50.0, 60.0])
    slope = random.uniform(0.8, 1.6)
    time_s = np.arange(samples) / rate_hz
    wave = np.zeros(samples)
    for harmonic in range(1, 40):
        amplitude = harmonic**-slope * random.uniform(0.2, 1.0)
        # Odd harmonics dominate, as in a transformer's saturating core.
        amplitude *= 1.0 if harmonic % 2 else 0.4
        wave += amplitude * np.sin(2 * np.pi * (mains_hz * harmonic * time_s + random.uniform()))
    swell = 1 + 0.2 * np.sin(2 * np.pi * (random.uniform(0.1, 0.5) * time_s + random.uniform()))
    hiss = coloured("pink", samples, rate_hz, random)
    return wave * swell + 0.05 * np.std(wave) * hiss / np.std(hiss)


def gusts(samples: int, rate_hz: int, random: np.random.Generator) -> np.ndarray:
    """Wind-like noise: a steep low spectrum that swells and dies away, brighter in strong gusts."""
    # A new wind force about every 0.4 s, joined smoothly; squaring makes gusts short and lulls long.
    knots = max(4, round(samples / rate_hz / 0.4))
    force = random.weibull(2.0, size=knots)
    envelope = np.interp(np.linspace(0, knots - 1, samples), np.arange(knots), force)
    width = max(1, round(0.2 * rate_hz))
    envelope = np.convolve(np.pad(envelope, width, mode="edge"), np.hanning(width + 2)[1:-1], mode="same")
    envelope = envelope[width : width + samples]
    envelope = (envelope / envelope.max()) ** 2 + 0.01
    rumble = _shaped(3.0, samples, rate_hz, random)
    rush = _shaped(1.5, samples, rate_hz, random)
    return envelope * rumble / np.std(rumble) + 0.15 * envelope**2 * rush / np.std(rush)


def babble(voices: Sequence[np.ndarray], samples: int, random: np.random.Generator) -> np.ndarray:
    """Many people talking at once.

    Args:
        voices: waves of the speakers, each (samples,); they are repeated until they fill the noise.
        samples: length.
        random: where each voice starts, and how near its speaker is.
    """
    mixed = np.zeros(samples)
    for voice in voices:
        repeated = np.resize(np.roll(voice, -random.integers(len(voice))), samples)
        mixed += 10 ** (random.uniform(-6, 0) / 20) * repeated / np.std(voice)
    return mixed


def _shaped(exponent: float, samples: int, rate_hz: int, random: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency_hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    gain = np.maximum(frequency_hz, LOWEST_HZ) ** (-exponent / 2)
    gain[frequency_hz < LOWEST_HZ] = 0.0
    return np.fft.irfft(spectrum * gain, samples)
