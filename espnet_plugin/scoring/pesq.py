"""PESQ: perceptual evaluation of speech quality, ITU-T P.862 (narrow band) and P.862.2 (wide band)."""

from __future__ import annotations

from espnet_plugin.audio.resample import resample
from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable

WIDE_BAND_HZ = 16000
NARROW_BAND_HZ = 8000


class Pesq(Metric):
    """MOS-LQO of the ITU reference code: narrow band at 8 kHz, wide band at 16 kHz and above.

    Rates above 16 kHz are resampled; rates between are refused, as in the challenge's script.
    """

    columns = (Column("PESQ"),)
    packages = {"pesq": "pesq", "soxr": "soxr"}

    def score(self, item: Item) -> tuple[float, ...]:
        import pesq

        if not item.estimate.any():
            raise Unscorable("the estimate is silent")
        if item.rate_hz == NARROW_BAND_HZ:
            mode, rate_hz = "nb", NARROW_BAND_HZ
        elif item.rate_hz >= WIDE_BAND_HZ:
            mode, rate_hz = "wb", WIDE_BAND_HZ
        else:
            raise Unscorable(f"PESQ is defined for 8 kHz and from 16 kHz on, not for {item.rate_hz} Hz")
        reference = resample(item.reference, item.rate_hz, rate_hz)
        estimate = resample(item.estimate, item.rate_hz, rate_hz)
        try:
            return (float(pesq.pesq(rate_hz, reference, estimate, mode)),)
        except pesq.NoUtterancesError as error:
            raise Unscorable("PESQ found no speech") from error
        except pesq.BufferTooShortError as error:
            raise Unscorable("PESQ needs at least a quarter of a second") from error
        except pesq.PesqError as error:
            raise Unscorable(f"PESQ failed: {error}") from error
