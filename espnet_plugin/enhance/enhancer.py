"""Loaded models that clean recordings of any rate, length and number of channels.

    recording - windows - to the network's rate - network - back to the rate - crossfades - level - mix
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from espnet_plugin.audio.resample import resample, scaled
from espnet_plugin.audio.source import ArraySource, Source
from espnet_plugin.audio.windows import plan_windows, stitch
from espnet_plugin.enhance.device import DTYPES, choose_device
from espnet_plugin.enhance.level import LEVELS, ArrayScratch, Loudness, Scratch, bring_to_level
from espnet_plugin.errors import UserError

#: A resampled window needs this much of its neighbours, so that its edges are those of the whole recording.
RESAMPLING_S = 0.02
#: Of the default.
LONGEST_SEAM_S = 0.5
HIGHBANDS = ("drop", "keep")


@dataclass
class Row:
    """One channel of one window, on its way through the network.

    Attributes:
        wave: (samples,) at the rate of the recording.
        narrow: the same at the rate of the network.
        hint: what else the network has to know of it.
        piece: (samples, channels), where the result belongs.
        channel: its column there.
    """

    wave: np.ndarray
    narrow: np.ndarray
    hint: Tensor | None
    piece: np.ndarray
    channel: int


class Enhancer(ABC):
    """A network for whole recordings of any rate, length and number of channels.

    A recording is cut into windows that fade into each other, so that time grows with its length and memory
    does not. Arrays and files go the same way, to the same samples.

    Args:
        network: the network, with its weights.
        rate_hz: the rate it works at; recordings are resampled to it.
        device: a name for `choose_device`.
        dtype: "float32", "bfloat16" or "float16"; the halves are used inside the network only.
        window_s, overlap_s: longer recordings are processed in windows of this length, which overlap by that
            much. A rest too short for a window of its own makes the last one up to half a hop longer.
        crossfade_s: length of a seam, at most the overlap; by default half of it and at most 0.5 s.
        batch: windows and channels that the network gets at once, if they are of equal length.
        level: "keep" (as the network gives it), "match" (each channel has the mean power of the recording's)
            or "peak" (its largest magnitude).
        mix: part of the enhanced sound in the result, 0 to 1; the rest is the recording.
        highband: what becomes of what the network cannot hear, above half its rate: "drop", or "keep" to add
            it as it was recorded, noise included.

    Attributes:
        network: the torch module.
        rate_hz: as given.

    Raises:
        UserError: an unknown choice or impossible windows.
    """

    #: Shortest wave of the network, in samples; shorter ones are filled with silence.
    shortest = 1
    #: Whether the network wants waves in parts of the peak of the whole recording.
    needs_peak = True
    #: Seconds on either side of a window that `hint` looks at.
    look_s = 0.0

    def __init__(
        self,
        network: nn.Module,
        rate_hz: int,
        device: str = "auto",
        dtype: str = "float32",
        window_s: float = 15.0,
        overlap_s: float = 1.0,
        crossfade_s: float | None = None,
        batch: int = 1,
        level: str = "keep",
        mix: float = 1.0,
        highband: str = "drop",
    ):
        for what, value, known in (
            ("dtype", dtype, tuple(DTYPES)),
            ("level", level, LEVELS),
            ("highband", highband, HIGHBANDS),
        ):
            if value not in known:
                raise UserError(f"unknown {what} '{value}': choose {', '.join(known)}")
        if not 0 <= overlap_s < window_s:
            raise UserError(f"the overlap of {overlap_s} s must be shorter than the window of {window_s} s")
        crossfade_s = min(LONGEST_SEAM_S, overlap_s / 2) if crossfade_s is None else crossfade_s
        if not 0 <= crossfade_s <= overlap_s:
            raise UserError(f"the crossfade of {crossfade_s} s must fit into the overlap of {overlap_s} s")
        if batch != int(batch) or batch < 1:
            raise UserError(f"a batch is a whole number above 0, not {batch}")
        if not 0 <= mix <= 1:
            raise UserError(f"the mix is a part from 0 to 1, not {mix}")
        self.device = choose_device(device)
        self.dtype = DTYPES[dtype]
        self.network = network.to(self.device).eval()
        self.rate_hz = rate_hz
        self.window_s, self.overlap_s, self.crossfade_s = window_s, overlap_s, crossfade_s
        self.batch, self.level, self.mix, self.highband = int(batch), level, mix, highband

    @abstractmethod
    def restore(self, wave: Tensor, hints: Tensor | None) -> tuple[Tensor, int]:
        """Clean waves (B, N) at `rate_hz`, on `device`, each by itself; the result and its rate."""

    def resample(self, wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
        """Change the rate along the first axis; sample 0 stays where it is."""
        return resample(wave, from_hz, to_hz)

    def hint(
        self, wave: np.ndarray, start: int, rate_hz: int, narrow: np.ndarray, peak: float
    ) -> Tensor | None:
        """What the network has to know of a window besides its wave; here the peak of the whole recording.

        Args:
            wave: the window and `look_s` on either side of it, (samples,) at `rate_hz`.
            start: where the window begins in it.
            narrow: the window at the network's rate.
            peak: of the whole channel, at the network's rate.
        """
        return torch.tensor([peak], dtype=torch.float32)

    def enhance(self, wave: np.ndarray, rate_hz: int, out_rate_hz: int | None = None) -> np.ndarray:
        """Clean a recording; each channel is treated by itself.

        Args:
            wave: (samples,) or (samples, channels), floating point, full scale 1.
            rate_hz: its sampling rate.
            out_rate_hz: wanted rate of the output; the input's by default.

        Returns:
            float32, of the input's shape or, at another rate, with samples * out_rate_hz // rate_hz samples;
            time-aligned with the input. Digital silence stays digital silence.

        Raises:
            UserError: a wave of another shape, or with NaN or infinite samples.
        """
        wave = np.asarray(wave)
        if wave.ndim not in (1, 2):
            raise UserError(f"a wave has shape (samples,) or (samples, channels), this one has {wave.shape}")
        out_rate_hz = rate_hz if out_rate_hz is None else out_rate_hz
        for rate in (rate_hz, out_rate_hz):
            if rate != int(rate) or rate <= 0:
                raise UserError(f"a sampling rate is a whole number of hertz above 0, not {rate}")
        columns = wave[:, None] if wave.ndim == 1 else wave
        source = ArraySource(columns, int(rate_hz))
        samples = scaled(len(wave), source.rate_hz, int(out_rate_hz))
        result = np.zeros((samples, columns.shape[1]), np.float32)
        if result.size:
            done = 0
            for block in self.stream(source, ArrayScratch(result), int(out_rate_hz)):
                result[done : done + len(block)] = block
                done += len(block)
        return result.reshape(samples, *wave.shape[1:])

    def stream(
        self,
        source: Source,
        scratch: Scratch,
        out_rate_hz: int | None = None,
        before: Loudness | None = None,
        heard: Callable[[float], object] = lambda audio_s: None,
    ) -> Iterator[np.ndarray]:
        """Clean a recording, block by block.

        Args:
            source: at least one sample and one channel.
            scratch: keeps the result where its level is known at the end only.
            out_rate_hz: wanted rate of the output; the input's by default.
            before: gets the loudness of the recording.
            heard: called with the seconds of audio that went through the network, again and again.

        Yields:
            float32 (samples, channels): blocks of what `enhance` returns.

        Raises:
            UserError: the recording cannot be read to its end, or holds NaN or infinite samples; before any
                work.
        """
        out_rate_hz = out_rate_hz or source.rate_hz
        if self.mix < 1 and out_rate_hz != source.rate_hz:
            raise UserError(
                "the recording can be mixed in at its own rate only; leave the output rate or the mix out"
            )
        before = before or Loudness(source.channels)
        for block in source.again().blocks():
            before.add(block)
        blocks = self._enhanced(source, out_rate_hz, heard)
        if self.level != "keep":
            blocks = bring_to_level(blocks, self.level, before, scratch)
        return blocks if self.mix == 1 else self._mixed(blocks, source.again())

    def _mixed(self, blocks: Iterator[np.ndarray], source: Source) -> Iterator[np.ndarray]:
        start = 0
        for block in blocks:
            dry = source.read(start, len(block))
            yield dry + np.float32(self.mix) * (block - dry)
            start += len(block)

    def _enhanced(
        self, source: Source, out_rate_hz: int, heard: Callable[[float], object]
    ) -> Iterator[np.ndarray]:
        """Blocks of the result before its level."""
        # Windows begin where both rates have a sample.
        step = source.rate_hz // math.gcd(source.rate_hz, out_rate_hz)
        hop = max(1, round((self.window_s - self.overlap_s) * source.rate_hz / step)) * step
        windows = plan_windows(source.samples, hop + round(self.overlap_s * source.rate_hz), hop)
        pieces = self._pieces(source, windows, out_rate_hz)
        for block in stitch(pieces, round(self.crossfade_s * out_rate_hz)):
            heard(len(block) / out_rate_hz)
            yield block

    def _pieces(
        self, source: Source, windows: list[tuple[int, int]], out_rate_hz: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """The enhanced windows, each with its first sample in the result."""
        peaks = self._peaks(source, windows)
        waiting: deque[tuple[int, np.ndarray]] = deque()
        rows: list[Row] = []  # of one length, fewer than a batch
        for start, end in windows:
            first, last = (scaled(edge, source.rate_hz, out_rate_hz) for edge in (start, end))
            waiting.append((first, np.zeros((last - first, source.channels), np.float32)))
            for row in self._rows(source, start, end, waiting[-1][1], peaks):
                if rows and len(row.narrow) != len(rows[0].narrow):
                    self._run(rows, source.rate_hz, out_rate_hz)
                rows.append(row)
                if len(rows) == self.batch:
                    self._run(rows, source.rate_hz, out_rate_hz)
            while waiting and not (rows and waiting[0][1] is rows[0].piece):
                yield waiting.popleft()
        if rows:
            self._run(rows, source.rate_hz, out_rate_hz)
        yield from waiting

    def _peaks(self, source: Source, windows: list[tuple[int, int]]) -> np.ndarray | None:
        """The peak of each channel at the network's rate; None leaves it to the only window."""
        if len(windows) == 1 or not self.needs_peak:
            return None
        peaks = np.zeros(source.channels, np.float32)
        again = source.again()
        for start, end in windows:
            wave, before = self._read(again, start, end)
            for channel, column in enumerate(wave.T):
                narrow = self._narrow(column, before, end - start, source.rate_hz)
                peaks[channel] = max(peaks[channel], np.abs(narrow).max())
        return peaks

    def _rows(
        self, source: Source, start: int, end: int, piece: np.ndarray, peaks: np.ndarray | None
    ) -> Iterator[Row]:
        """The channels of a window that are not silent."""
        wave, before = self._read(source, start, end)
        look = round(self.look_s * source.rate_hz) + 1 if self.look_s else 0
        looked = slice(max(0, before - look), before + end - start + look)
        for channel in range(source.channels):
            column = np.ascontiguousarray(wave[:, channel])
            inside = column[before : before + end - start]
            if not inside.any():
                continue
            narrow = self._narrow(column, before, end - start, source.rate_hz)
            narrow = np.pad(narrow, (0, max(0, self.shortest - len(narrow))))
            peak = np.abs(narrow).max() if peaks is None else peaks[channel]
            hint = self.hint(column[looked], before - looked.start, source.rate_hz, narrow, float(peak))
            yield Row(inside, narrow, hint, piece, channel)

    def _read(self, source: Source, start: int, end: int) -> tuple[np.ndarray, int]:
        """A window with what is needed around it, and where it begins there."""
        around = max(self._resampling_context(source.rate_hz), round(self.look_s * source.rate_hz) + 1)
        first = max(0, start - around)
        return source.read(first, end + around - first), start - first

    def _narrow(self, wave: np.ndarray, start: int, samples: int, rate_hz: int) -> np.ndarray:
        """Samples `start` to `start + samples` at the network's rate."""
        if rate_hz == self.rate_hz:
            return wave[start : start + samples]
        context = self._resampling_context(rate_hz)
        # Begins where both rates have a sample.
        step = rate_hz // math.gcd(rate_hz, self.rate_hz)
        lead = min(start, context) // step * step
        narrow = self.resample(wave[start - lead : start + samples + context], rate_hz, self.rate_hz)
        skipped = scaled(lead, rate_hz, self.rate_hz)
        return narrow[skipped : skipped - (-samples * self.rate_hz // rate_hz)]

    def _resampling_context(self, rate_hz: int) -> int:
        step = rate_hz // math.gcd(rate_hz, self.rate_hz)
        return math.ceil(RESAMPLING_S * rate_hz / step) * step

    def _run(self, rows: list[Row], rate_hz: int, out_rate_hz: int) -> None:
        """Send rows of one length through the network, into their pieces; the list is empty then."""
        batch = torch.from_numpy(np.stack([row.narrow for row in rows])).to(self.device)
        hints = None if rows[0].hint is None else torch.stack([row.hint for row in rows]).to(self.device)
        with torch.inference_mode():
            restored, restored_hz = self.restore(batch, hints)
            waves = np.nan_to_num(restored.float().cpu().numpy(), posinf=0.0, neginf=0.0)
        for row, wave in zip(rows, waves, strict=True):
            column = row.piece[:, row.channel]
            column += fitted(self.resample(wave, restored_hz, out_rate_hz), len(column))
            if self.highband == "keep" and self.rate_hz < rate_hz == out_rate_hz:
                column += row.wave - fitted(self.resample(row.narrow, self.rate_hz, rate_hz), len(column))
        rows.clear()


def fitted(wave: np.ndarray, samples: int) -> np.ndarray:
    """A wave cut, or filled with silence."""
    return np.pad(wave[:samples], (0, max(0, samples - len(wave))))
