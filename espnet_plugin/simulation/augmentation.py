"""The column `augmentation` of `meta.tsv`: distortions after the noise, as text and as action.

Items are joined by `/` and applied from left to right; `none` stands for no item:

    clipping(min=0.05,max=0.93)
    lowpass(type=elliptic,order=4,cutoff_hz=3000,ripple_db=1.0,stopband_db=40.0)
    bandwidth_limitation-kaiser_best->6000

`lowpass` stands before the bandwidth limitation it belongs to and names only the levels its filter type has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from espnet_plugin.simulation.bandwidth import low_pass, resample_detour
from espnet_plugin.simulation.clipping import clip

NONE = "none"
CALL = re.compile(r"(?P<name>\w+)\((?P<parameters>[^()]*)\)")
BANDWIDTH = re.compile(r"bandwidth_limitation-(?P<method>\w+)->(?P<rate_hz>\d+)")


@dataclass(frozen=True)
class Augmentation:
    """One distortion with its parameters.

    Attributes:
        name: clipping, lowpass or bandwidth_limitation.
        parameters: clipping: min, max (quantiles); lowpass: arguments of `bandwidth.low_pass`;
            bandwidth_limitation: method, rate_hz.
    """

    name: str
    parameters: dict[str, str | float | int] = field(default_factory=dict)

    def apply(self, wave: np.ndarray, rate_hz: int) -> np.ndarray:
        """Distort a wave (samples,) at `rate_hz`; same length and type out."""
        if self.name == "clipping":
            return clip(wave, self.parameters["min"], self.parameters["max"])
        if self.name == "lowpass":
            return low_pass(wave, rate_hz, **self.parameters)
        return resample_detour(wave, rate_hz, self.parameters["rate_hz"], self.parameters["method"])

    def __str__(self) -> str:
        if self.name == "bandwidth_limitation":
            return f"{self.name}-{self.parameters['method']}->{self.parameters['rate_hz']}"
        return f"{self.name}({','.join(f'{key}={value}' for key, value in self.parameters.items())})"


def format_augmentations(augmentations: Sequence[Augmentation]) -> str:
    """The text of the column."""
    return "/".join(map(str, augmentations)) or NONE


def parse_augmentations(text: str) -> tuple[Augmentation, ...]:
    """The distortions in the text of the column.

    Raises:
        ValueError: an item that is none of the known ones.
    """
    if text == NONE:
        return ()
    return tuple(_parse(item) for item in text.split("/"))


def _parse(item: str) -> Augmentation:
    if match := BANDWIDTH.fullmatch(item):
        return Augmentation(
            "bandwidth_limitation", {"method": match["method"], "rate_hz": int(match["rate_hz"])}
        )
    match = CALL.fullmatch(item)
    if match is None or match["name"] not in ("clipping", "lowpass"):
        raise ValueError(f"unknown augmentation '{item}'")
    pairs = [pair.partition("=") for pair in match["parameters"].split(",")]
    parameters = {key: _number(value) for key, _, value in pairs}
    if match["name"] == "clipping" and set(parameters) != {"min", "max"}:
        raise ValueError(f"clipping needs min and max: '{item}'")
    return Augmentation(match["name"], parameters)


def _number(text: str) -> str | float | int:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
