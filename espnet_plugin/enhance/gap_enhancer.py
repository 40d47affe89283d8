"""GAP-URGENet for whole recordings of any rate, length and number of channels."""

import numpy as np
import torch

from espnet_plugin.audio.sinc_resample import sinc_resample
from espnet_plugin.audio.windows import Stitcher, plan_windows
from espnet_plugin.enhance.enhancer import DTYPES, choose_device
from espnet_plugin.errors import UserError
from espnet_plugin.gap_urgenet.network import BRANCH_HZ, RATE_HZ, GapUrgenet, to_48_khz
from espnet_plugin.gap_urgenet.packet_loss import PACKET, lost_packets

BRANCHES = ("fused", "predictive", "generative")
LEVELS = ("peak", "rms", "network")
PACKET_LOSS = ("any_rate", "official", "off")
#: A gap longer than this is a pause, so that a window needs this much of its neighbours to know.
LONGEST_GAP_S = 0.5
#: Samples that are looked at together.
BLOCK = 1 << 20


class GapUrgenetEnhancer:
    """GAP-URGENet with the windows, the level and the packet-loss concealment around it.

    With the defaults, `packet_loss="official"` and recordings of up to 10 s the output is the official one.
    Longer recordings are cut into windows that fade into each other, so that time grows with the length and
    memory only by the result. `overlap_s=4` takes the official windows, which calculate every second twice,
    with crossfades instead of their hard cuts. Specification, 3 and 8.

    Args:
        network: the network, with its weights.
        device: a name for `choose_device`.
        dtype: "float32", "bfloat16" or "float16"; the halves are used inside the two branches only, and on
            processors that calculate with them: on others they are float32, which is faster there. On
            processors the predictive branch is float32 in any case, as its fast form needs it.
        window_s, overlap_s: longer recordings are processed in windows of this length, which overlap by that
            much. A rest too short for a window of its own makes the last one up to half a hop longer.
        crossfade_s: length of a seam; at most the overlap.
        branch: "fused", or one branch alone: "predictive", which changes no words, or "generative". Both
            restore up to 8 kHz only.
        level: "peak" (as the official tool: the output's peak is the input's), "rms" (the mean power is kept)
            or "network" (as the network gives it).
        packet_loss: how lost packets are found, which the generative branch makes up: "any_rate", "official"
            (which misses most at other rates than 16 kHz and takes pauses for losses) or "off".

    Attributes:
        network: the torch module.
        rate_hz: its rate; recordings of any rate are resampled.

    Raises:
        UserError: an unknown choice or impossible windows.
    """

    rate_hz = RATE_HZ

    def __init__(
        self,
        network: GapUrgenet,
        device: str = "auto",
        dtype: str = "float32",
        window_s: float = 8.0,
        overlap_s: float = 1.0,
        crossfade_s: float = 0.5,
        branch: str = "fused",
        level: str = "peak",
        packet_loss: str = "any_rate",
    ):
        for what, value, known in (
            ("dtype", dtype, tuple(DTYPES)),
            ("branch", branch, BRANCHES),
            ("level", level, LEVELS),
            ("packet_loss", packet_loss, PACKET_LOSS),
        ):
            if value not in known:
                raise UserError(f"unknown {what} '{value}': choose {', '.join(known)}")
        if not 0 <= overlap_s < window_s:
            raise UserError(f"the overlap of {overlap_s} s must be shorter than the window of {window_s} s")
        if not 0 <= crossfade_s <= overlap_s:
            raise UserError(f"the crossfade of {crossfade_s} s must fit into the overlap of {overlap_s} s")
        self.device = choose_device(device)
        self.dtype = DTYPES[dtype] if _calculates_with(DTYPES[dtype], self.device) else torch.float32
        self.network = network.to(self.device).eval()
        self.window_s = window_s
        self.overlap_s = overlap_s
        self.crossfade_s = crossfade_s
        self.branch = branch
        self.level = level
        self.packet_loss = packet_loss

    def enhance(self, wave: np.ndarray, rate_hz: int, out_rate_hz: int | None = None) -> np.ndarray:
        """Clean a recording; each channel is treated by itself.

        Args:
            wave: (samples,) or (samples, channels), floating point, full scale 1.
            rate_hz: its sampling rate.
            out_rate_hz: wanted rate of the output; the input's by default.

        Returns:
            float32, of the input's shape or, at another rate, with samples * out_rate_hz // rate_hz samples.
            Digital silence stays digital silence.

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
        rates = int(rate_hz), int(out_rate_hz)
        for start in range(0, len(wave), BLOCK):  # before any work
            if not np.isfinite(wave[start : start + BLOCK]).all():
                raise UserError("the recording holds NaN or infinite samples; repair it before enhancement")
        result = np.zeros((_scaled(len(wave), *rates), *wave.shape[1:]), np.float32)
        if len(wave):
            columns = ((wave, result),) if wave.ndim == 1 else zip(wave.T, result.T)
            for channel, its_result in columns:
                self._enhance_channel(channel, its_result, *rates)
        return result

    def _enhance_channel(self, wave: np.ndarray, result: np.ndarray, rate_hz: int, out_rate_hz: int) -> None:
        """One channel (samples,), window by window, into its result."""
        # Windows begin where both rates have a sample.
        step = rate_hz // np.gcd(rate_hz, out_rate_hz)
        hop = max(1, round((self.window_s - self.overlap_s) * rate_hz / step)) * step
        window = hop + round(self.overlap_s * rate_hz)
        stitcher = Stitcher(result, round(self.crossfade_s * out_rate_hz))
        for start, end in plan_windows(len(wave), window, hop):
            piece = self._enhance_window(wave, start, end, rate_hz, out_rate_hz)
            stitcher.add(_scaled(start, rate_hz, out_rate_hz), piece)
        self._bring_to_level_of(wave, result)

    def _enhance_window(
        self, wave: np.ndarray, start: int, end: int, rate_hz: int, out_rate_hz: int
    ) -> np.ndarray:
        """Samples start to end of a channel, at the output's rate."""
        samples = _scaled(end, rate_hz, out_rate_hz) - _scaled(start, rate_hz, out_rate_hz)
        piece = wave[start:end].astype(np.float32)
        if not piece.any():
            return np.zeros(samples, np.float32)
        shortest = -(-self.network.shortest * rate_hz // BRANCH_HZ)
        piece = np.pad(piece, (0, max(0, shortest - len(piece))))
        batch = self._to_device(sinc_resample(piece, rate_hz, BRANCH_HZ))
        lost = self._lost_packets(wave, start, end, rate_hz, batch.shape[-1])
        with torch.inference_mode():
            restored, restored_hz = self._restore(batch, lost)
        restored = np.nan_to_num(restored[0].float().cpu().numpy())
        restored = sinc_resample(restored, restored_hz, out_rate_hz)[:samples]
        return np.pad(restored, (0, samples - len(restored)))

    def _restore(self, wave: torch.Tensor, lost: torch.Tensor | None) -> tuple[torch.Tensor, int]:
        """Clean waves (1, N) at 16 kHz; the result and its rate."""
        branches = []
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            if self.branch != "generative":
                branches.append(self.network.predictive(wave).float())
            if self.branch != "predictive":
                branches.append(self.network.generative(wave, lost, self.packet_loss != "off").float())
        if len(branches) == 1:
            return branches[0], BRANCH_HZ
        # The fusion stays in float32: its norms over two values each are nearly signs, which makes rounding
        # many times louder.
        return self.network.fuse(*map(to_48_khz, branches)), RATE_HZ

    def _lost_packets(
        self, wave: np.ndarray, start: int, end: int, rate_hz: int, samples_16k: int
    ) -> torch.Tensor | None:
        """Packets that were lost in the window, found in the recording; None leaves it to the network."""
        if self.packet_loss != "any_rate":
            return None
        around = round(LONGEST_GAP_S * rate_hz) + 1
        first = max(0, start - around)
        surroundings = sinc_resample(wave[first : end + around].astype(np.float32), rate_hz, BRANCH_HZ)
        return lost_packets(
            self._to_device(surroundings),
            samples_16k // PACKET,
            _scaled(start - first, rate_hz, BRANCH_HZ),
            longest_s=LONGEST_GAP_S,
        )

    def _bring_to_level_of(self, wave: np.ndarray, result: np.ndarray) -> None:
        """Give the result the level of the recording, in place."""
        if self.level == "peak":
            result *= _peak(wave) / (_peak(result) + 1e-8)
        elif self.level == "rms":
            result *= _rms(wave) / (_rms(result) + 1e-8)

    def _to_device(self, wave: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(wave))[None].to(self.device)


def _calculates_with(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a device has instructions for a type; without, products take dozens of times as long."""
    if device.type != "cpu" or dtype == torch.float32:
        return True
    kernels = torch.ops.mkldnn
    return bool(
        kernels._is_mkldnn_bf16_supported()
        if dtype == torch.bfloat16
        else kernels._is_mkldnn_fp16_supported()
    )


def _scaled(samples: int, from_hz: int, to_hz: int) -> int:
    return samples * to_hz // from_hz


def _peak(wave: np.ndarray) -> float:
    return float(max(wave.max(initial=0), -wave.min(initial=0)))


def _rms(wave: np.ndarray) -> float:
    # A scalar product needs no copy of a long recording, and einsum takes strided channels.
    return float(np.sqrt(np.einsum("i,i->", wave, wave, dtype=np.float64) / max(len(wave), 1)))
