"""From recordings of any rate to training segments of GAP-URGENet's parts."""

import numpy as np

from espnet_plugin.audio.resample import resample
from espnet_plugin.espnet_modules.mixing_preprocessor import MixingPreprocessor
from espnet_plugin.simulation.challenge.ffmpeg import Work


class PartPreprocessor(MixingPreprocessor):
    """Brings recordings to the network's rate before they are cut and mixed, not after.

    So do the authors (specification, 9.2): every limit of bandwidth and every lost packet then is one at that
    rate, and a mixture at 16 kHz costs a third of one at 48 kHz. Arguments as for ``MixingPreprocessor``.
    """

    def _work(self, uid: str, data: dict) -> Work[dict[str, np.ndarray]]:
        rate_hz = self._rate_hz(data)
        brought = {}
        for name in (self.degraded, self.clean):
            if data.get(name) is not None:
                wave = np.asarray(data[name])
                if wave.ndim == 2:
                    wave = wave[:, 0] if self.mixer is not None else wave.mean(1)
                brought[name] = resample(wave, rate_hz, self.rate_hz) if len(wave) else wave
        return (yield from super()._work(uid, brought))
