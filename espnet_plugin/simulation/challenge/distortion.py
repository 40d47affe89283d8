"""The column `augmentation` of the challenge's `meta.tsv`: what happens to the mixture, as text and action.

Items are joined by `/` and applied from left to right; `none` stands for no item:

    bandwidth_limitation-kaiser_best->16000
    clipping(min=0.05,max=0.93)
    codec(format=ogg,encoder=vorbis,qscale=3)
    packet_loss(packet_loss_indices=[3, 4],packet_duration_ms=20)
    wind_noise(threshold=0.1,ratio=7,attack=74,release=21,sc_gain=1,clipping=True,clipping_threshold=0.9)/

Wind comes first and belongs to the mixing of the noise; it leaves a `/` where nothing follows.
"""

import ast
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from espnet_plugin.simulation.bandwidth import resample_detour
from espnet_plugin.simulation.challenge.codec import ENCODERS, through_codec
from espnet_plugin.simulation.challenge.ffmpeg import Work
from espnet_plugin.simulation.challenge.packet_loss import lose_packets
from espnet_plugin.simulation.clipping import clip
from espnet_plugin.simulation.meta import NONE
from espnet_plugin.simulation.resampling import RESAMPLING_METHODS

WIND = "wind_noise"
PARAMETERS = {
    "bandwidth_limitation": {"method", "rate_hz"},
    "clipping": {"min", "max"},
    "codec": {"format", "encoder", "qscale"},
    "packet_loss": {"packet_loss_indices", "packet_duration_ms"},
    WIND: {"threshold", "ratio", "attack", "release", "sc_gain", "clipping", "clipping_threshold"},
}
CALL = re.compile(r"(?P<name>\w+)\((?P<parameters>.*)\)")
PARAMETER = re.compile(r"(\w+)=(\[[^\]]*\]|[^,\[\]]+)(?:,|$)")
BANDWIDTH = re.compile(r"bandwidth_limitation-(?P<method>\w+)->(?P<rate_hz>\d+)")


@dataclass(frozen=True)
class Distortion:
    """One item of the column.

    Attributes:
        name: a key of `PARAMETERS`.
        parameters: by the names in the column.
    """

    name: str
    parameters: dict[str, Any]

    def apply(self, wave: np.ndarray, rate_hz: int) -> Work[np.ndarray]:
        """Distort a wave (samples,) at `rate_hz`; same length and type out. Wind is left to the mixer.

        A generator, see `ffmpeg.together`.
        """
        values = self.parameters
        if self.name == "clipping":
            return clip(wave, values["min"], values["max"])
        if self.name == "codec":
            return (
                yield from through_codec(wave, rate_hz, values["format"], values["encoder"], values["qscale"])
            )
        if self.name == "packet_loss":
            return lose_packets(wave, rate_hz, values["packet_loss_indices"], values["packet_duration_ms"])
        if values["method"] == NONE:  # speech of the lowest rate has no lower one
            return wave
        return resample_detour(wave, rate_hz, values["rate_hz"], values["method"])


def parse_distortions(text: str) -> tuple[Distortion, ...]:
    """The distortions in the text of the column.

    Raises:
        ValueError: an item that is none of the known ones, or has other parameters.
    """
    return tuple(_parse(item) for item in text.split("/") if item not in ("", NONE))


def _parse(item: str) -> Distortion:
    if match := BANDWIDTH.fullmatch(item):
        if match["method"] not in (NONE, *RESAMPLING_METHODS):
            raise ValueError(f"unknown resampling method in '{item}'")
        parameters = {"method": match["method"], "rate_hz": int(match["rate_hz"])}
        return Distortion("bandwidth_limitation", parameters)
    match = CALL.fullmatch(item)
    name = match["name"] if match else ""
    if name not in PARAMETERS:
        raise ValueError(f"unknown augmentation '{item}'")
    values = {key: _value(value) for key, value in PARAMETER.findall(match["parameters"])}
    if set(values) != PARAMETERS[name]:
        raise ValueError(f"{name} needs {', '.join(sorted(PARAMETERS[name]))}: '{item}'")
    if name == "codec" and (values["format"], values["encoder"]) not in ENCODERS:
        raise ValueError(f"unknown codec '{item}'")
    return Distortion(name, values)


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text  # a name, such as mp3
