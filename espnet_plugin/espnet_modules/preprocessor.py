"""From a pair of recordings to a pair of training segments."""

import zlib

import numpy as np
from espnet2.train.preprocessor import AbsPreprocessor

from espnet_plugin.audio.resample import resample
from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.restoration import PEAK_FLOOR
from espnet_plugin.simulation.random_stream import random_stream


class RestorationPreprocessor(AbsPreprocessor):
    """Normalises, crops and pads a degraded and a clean recording.

    SEMamba++ specification, section 6: both are divided by the peak of the whole recording, separately; one
    common random segment is cut, or zeros are appended. The place of the segment depends on the seed, the
    epoch and the utterance id, whatever the number of workers and the order of the batches. In validation it
    depends on the utterance id only, so that all epochs see the same data.

    Args:
        train: whether segments are random.
        segment_samples: length of a segment at ``rate_hz``.
        rate_hz: rate of the network; recordings of another rate are resampled where the batch says their rate
            (data name ``fs``).
        seed: of the random segments.
        degraded: data name of the degraded recording.
        clean: data name of the clean recording; may be absent.

    Attributes:
        epoch: to be set before each epoch, see ``EpochIterFactory``.
        peak_range: where the common peak of both segments is drawn from.
        segments_per_recording: after so many epochs the same segments return in the same order; None: never.
    """

    def __init__(
        self,
        train: bool,
        segment_samples: int,
        rate_hz: int = 16000,
        seed: int = 0,
        degraded: str = "speech_mix",
        clean: str = "speech_ref1",
    ) -> None:
        super().__init__(train)
        self.segment_samples = segment_samples
        self.rate_hz = rate_hz
        self.seed = seed
        self.degraded = degraded
        self.clean = clean
        self.epoch = 1
        self.peak_range = (1.0, 1.0)
        self.segments_per_recording: int | None = None

    def __call__(self, uid: str, data: dict) -> dict[str, np.ndarray]:
        """The segments of one utterance.

        Args:
            uid: utterance id.
            data: waves (samples,) or (samples, channels), of which the mean is used, and their rate if known.

        Raises:
            UserError: the two recordings differ in length, or one is empty.
        """
        names = [name for name in (self.degraded, self.clean) if data.get(name) is not None]
        waves = self._waves(uid, data, names)
        start = self._start(uid, min(len(wave) for wave in waves.values()))
        peak = self._peak(uid)
        return {name: self._segment(peak * normalised(wave), start) for name, wave in waves.items()}

    def _waves(self, uid: str, data: dict, names: list[str]) -> dict[str, np.ndarray]:
        """Whole recordings (samples,) at the rate of the network, of equal length above 0."""
        rate_hz = self._rate_hz(data)
        waves = self._own_waves(uid, data, names)
        return {name: resample(wave, rate_hz, self.rate_hz) for name, wave in waves.items()}

    def _own_waves(self, uid: str, data: dict, names: list[str]) -> dict[str, np.ndarray]:
        """The same at their own rate."""
        waves = {name: _mono(data[name]) for name in names}
        lengths = {name: len(wave) for name, wave in waves.items()}
        if 0 in lengths.values() or len(set(lengths.values())) != 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise UserError(f"{uid}: recordings need equal lengths above 0, not {listed}; run stage 3 again")
        return waves

    def _rate_hz(self, data: dict) -> int:
        return int(np.asarray(data["fs"]).reshape(-1)[0]) if "fs" in data else self.rate_hz

    def _start(self, uid: str, samples: int, segment_samples: int | None = None) -> int:
        """Where in a recording of `samples` the segment starts; default: one of the network's rate."""
        places = samples - (segment_samples or self.segment_samples) + 1
        if places <= 1:
            return 0
        if self.train:
            return int(random_stream(self.seed, uid, self.epoch_name, "segment").integers(places))
        return zlib.crc32(uid.encode()) % places

    def _peak(self, uid: str) -> float:
        """What a normalised wave is multiplied by."""
        return float(random_stream(self.seed, uid, self.epoch_name, "peak").uniform(*self.peak_range))

    @property
    def epoch_name(self) -> str:
        """The epoch as a name for random streams; numbers stand for repetitions of a simulated set."""
        if not self.train:
            return "validation"
        epoch = self.epoch
        if self.segments_per_recording is not None:
            epoch = (epoch - 1) % self.segments_per_recording + 1
        return f"epoch {epoch}"

    def _segment(self, wave: np.ndarray, start: int) -> np.ndarray:
        return cut(wave, start, self.segment_samples)


def cut(wave: np.ndarray, start: int, samples: int) -> np.ndarray:
    """A stretch of a wave (samples,), float32; zeros behind its end."""
    segment = wave[start : start + samples]
    return np.pad(segment, (0, samples - len(segment))).astype(np.float32)


def normalised(wave: np.ndarray) -> np.ndarray:
    """A wave divided by its peak; silence stays silence."""
    return wave / (np.abs(wave).max() + PEAK_FLOOR)


def _mono(wave: np.ndarray) -> np.ndarray:
    wave = np.asarray(wave)
    return wave.mean(axis=1) if wave.ndim == 2 else wave
