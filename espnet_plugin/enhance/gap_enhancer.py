"""GAP-URGENet for whole recordings of any rate, length and number of channels."""

import numpy as np
import torch
from torch import Tensor

from espnet_plugin.audio.resample import scaled
from espnet_plugin.audio.sinc_resample import sinc_resample
from espnet_plugin.enhance.device import calculates_with
from espnet_plugin.enhance.enhancer import Enhancer
from espnet_plugin.errors import UserError
from espnet_plugin.gap_urgenet.network import BRANCH_HZ, RATE_HZ, GapUrgenet, to_48_khz
from espnet_plugin.gap_urgenet.packet_loss import PACKET, lost_packets

BRANCHES = ("fused", "predictive", "generative")
PACKET_LOSS = ("any_rate", "official", "off")
#: A gap longer than this is a pause, so that a window needs this much of its neighbours to know.
LONGEST_GAP_S = 0.5


class GapUrgenetEnhancer(Enhancer):
    """GAP-URGENet with the windows, the level and the packet-loss concealment around it.

    With the defaults, `packet_loss="official"` and recordings of up to 10 s the output is the official one.
    `overlap_s=4` takes the official windows for longer ones, which calculate every second twice, with
    crossfades instead of their hard cuts. Specification, 3 and 8.

    Args:
        network: the network, with its weights.
        device: a name for `choose_device`.
        dtype: "float32", "bfloat16" or "float16"; the halves are used inside the two branches only, and on
            processors that calculate with them: on others they are float32, which is faster there. On
            processors the predictive branch is float32 in any case, as its fast form needs it.
        window_s, overlap_s, crossfade_s, batch, mix: see `Enhancer`.
        branch: "fused", or one branch alone: "predictive", which changes no words, or "generative". Both
            restore up to 8 kHz only.
        level: "peak" (as the official tool: the output's peak is the input's), "match" (the mean power is
            kept) or "keep" (as the network gives it).
        packet_loss: how lost packets are found, which the generative branch makes up: "any_rate", "official"
            (which misses most at other rates than 16 kHz and takes pauses for losses) or "off".

    Raises:
        UserError: an unknown choice or impossible windows.
    """

    needs_peak = False
    look_s = LONGEST_GAP_S

    def __init__(
        self,
        network: GapUrgenet,
        device: str = "auto",
        dtype: str = "float32",
        window_s: float = 8.0,
        overlap_s: float = 1.0,
        crossfade_s: float | None = None,
        batch: int = 1,
        mix: float = 1.0,
        branch: str = "fused",
        level: str = "peak",
        packet_loss: str = "any_rate",
    ):
        for what, value, known in (("branch", branch, BRANCHES), ("packet_loss", packet_loss, PACKET_LOSS)):
            if value not in known:
                raise UserError(f"unknown {what} '{value}': choose {', '.join(known)}")
        super().__init__(
            *(network, BRANCH_HZ, device, dtype, window_s, overlap_s, crossfade_s, batch, level, mix)
        )
        if not calculates_with(self.dtype, self.device):
            self.dtype = torch.float32
        self.shortest = network.shortest
        self.branch = branch
        self.packet_loss = packet_loss

    def resample(self, wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
        return sinc_resample(wave, from_hz, to_hz)

    def hint(
        self, wave: np.ndarray, start: int, rate_hz: int, narrow: np.ndarray, peak: float
    ) -> Tensor | None:
        """Packets that were lost in the window, found in the recording; None leaves it to the network."""
        if self.packet_loss != "any_rate":
            return None
        surroundings = torch.from_numpy(sinc_resample(wave, rate_hz, BRANCH_HZ)[None])
        first = scaled(start, rate_hz, BRANCH_HZ)
        return lost_packets(surroundings, len(narrow) // PACKET, first, longest_s=LONGEST_GAP_S)[0]

    def restore(self, wave: Tensor, lost: Tensor | None) -> tuple[Tensor, int]:
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
