"""From a clean recording to a pair of training segments, degraded anew in every epoch."""

import numpy as np

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.preprocessor import RestorationPreprocessor, normalised
from espnet_plugin.simulation.degrader import Degrader

SCOPES = ("recording", "segment")

#: What is heard before a segment: rooms that reverberate longer are as good as silent after that.
REVERBERATION_S = 1.0


class DegradingPreprocessor(RestorationPreprocessor):
    """Degrades clean recordings; then as ``RestorationPreprocessor`` in training.

    What an utterance gets depends on the seed, the epoch and the utterance id alone: neither the number of
    workers, nor the order of the batches, nor the number of GPUs, nor an interruption changes it.

    Args:
        degrader: draws and applies the degradations.
        segment_samples, rate_hz, seed, degraded, clean: as for ``RestorationPreprocessor``.
        scope: "recording" degrades the whole recording and divides it by its peak before the segment is cut,
            as the authors' code does (SEMamba++ specification, sections 6 and 7). "segment" degrades only the
            segment and the second before it, which costs the same however long the recordings are; level of
            the noise, limits of the clipping and peak of the degraded speech then are those of that stretch.

    Raises:
        UserError: the degrader works at another rate, or an unknown scope.
    """

    def __init__(
        self,
        degrader: Degrader,
        segment_samples: int,
        rate_hz: int = 16000,
        seed: int = 0,
        scope: str = "recording",
        degraded: str = "speech_mix",
        clean: str = "speech_ref1",
    ) -> None:
        super().__init__(True, segment_samples, rate_hz, seed, degraded, clean)
        if degrader.rate_hz != rate_hz:
            raise UserError(
                f"the degradations are for {degrader.rate_hz} Hz, the training for {rate_hz} Hz; "
                f"set rate_hz: {rate_hz} in the file of the degradations"
            )
        if scope not in SCOPES:
            raise UserError(f"degradation_scope is {scope}; choose {' or '.join(SCOPES)}")
        self.degrader = degrader
        self.scope = scope

    def __call__(self, uid: str, data: dict) -> dict[str, np.ndarray]:
        """The segments of one utterance.

        Args:
            uid: utterance id.
            data: clean wave (samples,) or (samples, channels), and its rate if known; a degraded wave that is
                there as well is not used.

        Raises:
            UserError: the recording is empty, or a noise or a room cannot be read.
        """
        if data.get(self.clean) is None:
            raise UserError(f"{uid} has no clean recording ({self.clean}) to degrade; list it in spk1.scp")
        clean = self._waves(uid, data, [self.clean])[self.clean]
        start = self._start(uid, len(clean))
        first, last = 0, len(clean)
        if self.scope == "segment":
            first = max(0, start - round(REVERBERATION_S * self.rate_hz))
            last = start + self.segment_samples
        degraded = self.degrader(clean[first:last], uid, self.epoch_name)
        peak = self._peak(uid)
        return {
            self.degraded: self._segment(peak * normalised(degraded), start - first),
            self.clean: self._segment(peak * normalised(clean), start),
        }
