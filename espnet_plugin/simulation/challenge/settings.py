"""What the challenge's simulation may draw: the checked form of its official YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.steps import (
    BandwidthLimitation,
    Clipping,
    Codec,
    Format,
    PacketLoss,
    Step,
)
from espnet_plugin.simulation.config_reader import ConfigReader

ENCODERS = {"mp3": (None,), "ogg": ("vorbis", "opus")}
LOWEST_QUALITY, HIGHEST_QUALITY = -1, 10
#: what ffmpeg's compressor takes, and a share
WIND_LIMITS = {
    "threshold": (0.001, 1),
    "ratio": (1, 20),
    "attack": (0.01, 2000),
    "release": (0.01, 9000),
    "sc_gain": (0.016, 64),
    "clipping_threshold": (0, 1),
}

# Each key of a list, and whether a simulation can do without it.
_LISTS = {
    "speech_scps": False,
    "speech_utt2spk": True,
    "speech_text": True,
    "noise_scps": False,
    "wind_noise_scps": True,
    "rir_scps": True,
}


@dataclass(frozen=True)
class Wind:
    """(lowest, highest) of the uniform draws of the wind mixer, and the share of files it is to clip."""

    threshold: tuple[float, float]
    ratio: tuple[float, float]
    attack_ms: tuple[float, float]
    release_ms: tuple[float, float]
    side_chain_gain: tuple[float, float]
    clipping_threshold: tuple[float, float]
    clipping_chance: float


@dataclass(frozen=True)
class ChallengeSettings:
    """All of the YAML file but `log_dir`, whose place the output folder of the command takes.

    Attributes:
        speech_lists, speaker_lists, text_lists, noise_lists, wind_noise_lists, response_lists: paths.
        output_dir: what the paths in the table begin with.
        store_noise: the scaled noise is a third file.
        seed: of the draws.
        repetitions: degraded versions of each utterance.
        snr_db, wind_snr_db: (lowest, highest) of uniform draws.
        wind_probability: share of wind in place of other noise.
        reverberation: the official parameter, see the fix `reverberation_share`; 0: none in any case.
        reuse_noises, reuse_responses: draw files again when all have been drawn; wind always is.
        step_counts: number of further distortions -> probability.
        steps: the further distortions by name, in the order of the file.
        wind: the wind mixer.
    """

    speech_lists: tuple[Path, ...]
    speaker_lists: tuple[Path, ...]
    text_lists: tuple[Path, ...]
    noise_lists: tuple[Path, ...]
    wind_noise_lists: tuple[Path, ...]
    response_lists: tuple[Path, ...]
    output_dir: str
    store_noise: bool
    seed: int
    repetitions: int
    snr_db: tuple[float, float]
    wind_snr_db: tuple[float, float]
    wind_probability: float
    reverberation: float
    reuse_noises: bool
    reuse_responses: bool
    step_counts: Mapping[int, float]
    steps: Mapping[str, Step]
    wind: Wind

    @property
    def all_lists(self) -> tuple[Path, ...]:
        """Every list."""
        return (
            *self.speech_lists,
            *self.speaker_lists,
            *self.text_lists,
            *self.noise_lists,
            *self.wind_noise_lists,
            *self.response_lists,
        )


def is_challenge(path: str | Path) -> bool:
    """Whether a simulation's YAML file is one of the challenge."""
    return "speech_scps" in load_config(path)


def load_challenge_settings(path: str | Path) -> tuple[ChallengeSettings, dict[str, Any]]:
    """Read and check a YAML file of the challenge.

    Relative lists count from the current folder, as in the official scripts, or else from the YAML's folder.

    Returns:
        the settings, and the plain configuration, to be kept with the simulated set.

    Raises:
        UserError: an unknown or missing key, or a value out of its range.
    """
    config = load_config(path)
    return _Reader(config, str(path)).settings(Path(path).parent), config


class _Reader(ConfigReader):
    example = "conf/simulate/urgent26_train.yaml"

    def settings(self, folder: Path) -> ChallengeSettings:
        self.allow(
            *_LISTS,
            *("log_dir", "output_dir", "store_noise", "seed", "repeat_per_utt"),
            *("snr_low_bound", "snr_high_bound", "wind_noise_snr_low_bound", "wind_noise_snr_high_bound"),
            *("prob_wind_noise", "prob_reverberation", "reuse_noise", "reuse_rir"),
            *("num_augmentations", "augmentations", "wind_noise_config"),
        )
        wind_probability = self.probability("prob_wind_noise")
        steps = self.inner("augmentations")._steps()
        lists = {key: self._lists(key, optional, folder) for key, optional in _LISTS.items()}
        for key, probability in (("wind_noise_scps", "prob_wind_noise"), ("rir_scps", "prob_reverberation")):
            if self.probability(probability) > 0 and not lists[key]:
                raise UserError(f"{self.where}: name {key}, or set {probability} to 0")
        return ChallengeSettings(
            speech_lists=lists["speech_scps"],
            speaker_lists=lists["speech_utt2spk"],
            text_lists=lists["speech_text"],
            noise_lists=lists["noise_scps"],
            wind_noise_lists=lists["wind_noise_scps"],
            response_lists=lists["rir_scps"],
            output_dir=str(self.value("output_dir")),
            store_noise=self.flag("store_noise"),
            seed=self.whole("seed", lowest=0),
            repetitions=self.whole("repeat_per_utt", lowest=1),
            snr_db=self._bounds("snr_low_bound", "snr_high_bound"),
            wind_snr_db=self._bounds("wind_noise_snr_low_bound", "wind_noise_snr_high_bound"),
            wind_probability=wind_probability,
            reverberation=self.probability("prob_reverberation"),
            reuse_noises=self.flag("reuse_noise"),
            reuse_responses=self.flag("reuse_rir"),
            step_counts=self._step_counts(steps, wind_probability),
            steps=steps,
            wind=self.inner("wind_noise_config")._wind(),
        )

    def _lists(self, key: str, optional: bool, folder: Path) -> tuple[Path, ...]:
        if optional and not self.config.get(key):
            return ()
        paths = [Path(str(path)) for path in self.entries(key)]
        return tuple(path if path.exists() else folder / path for path in paths)

    def _bounds(self, low_key: str, high_key: str) -> tuple[float, float]:
        low, high = (self.check_number(key, self.value(key)) for key in (low_key, high_key))
        if low > high:
            raise UserError(f"{self.where}: {low_key} is above {high_key}")
        return low, high

    def _step_counts(self, steps: Mapping[str, Step], wind_probability: float) -> dict[int, float]:
        counts = self.inner("num_augmentations").config
        # Wind does its own clipping, so the step of that name is not drawn with it.
        usable = [step for step in steps.values() if wind_probability == 0 or not isinstance(step, Clipping)]
        if not all(isinstance(count, int) and 0 <= count <= len(usable) for count in counts):
            raise UserError(
                f"{self.where}: the keys of num_augmentations must be whole numbers from 0 to {len(usable)}, "
                f"not {', '.join(map(str, counts))}"
            )
        shares = [self.check_number("num_augmentations", share) for share in counts.values()]
        if not counts or min(shares) < 0 or abs(sum(shares) - 1) > 1e-8:
            raise UserError(f"{self.where}: the shares in num_augmentations must add up to 1, not {shares}")
        return dict(counts)

    def _steps(self) -> dict[str, Step]:
        readers = {
            "bandwidth_limitation": _Reader._bandwidth_limitation,
            "clipping": _Reader._clipping,
            "codec": _Reader._codec,
            "packet_loss": _Reader._packet_loss,
        }
        self.allow(*readers)
        return {name: readers[name](self.inner(name)) for name in self.config}

    def _weight(self) -> float:
        weight = self.check_number("weight", self.value("weight"))
        if weight <= 0:
            raise UserError(f"{self.where}: weight must be above 0, not {weight}; or leave it out")
        return float(weight)

    def _bandwidth_limitation(self) -> BandwidthLimitation:
        self.allow("weight", "resample_methods")
        # The official script draws the method whatever stands here.
        if self.value("resample_methods") != "random":
            raise UserError(f"{self.where}: resample_methods must be random, as all four methods are drawn")
        return BandwidthLimitation(self._weight())

    def _clipping(self) -> Clipping:
        self.allow("weight", "clipping_min_quantile", "clipping_max_quantile")
        low, high = (
            self.span(key, 0, 1) for key in ("clipping_min_quantile", "clipping_max_quantile")
        )
        return Clipping(self._weight(), low, high)

    def _codec(self) -> Codec:
        self.allow("weight", "config")
        formats = [_Reader(entry, f"{self.where}: config")._format() for entry in self.entries("config")]
        return Codec(self._weight(), tuple(formats))

    def _format(self) -> Format:
        self.allow("format", "encoder", "qscale")
        container, encoders = self.value("format"), self.config.get("encoder")
        encoders = encoders if isinstance(encoders, list) else [encoders]
        known = ENCODERS.get(container, ())
        if not encoders or any(encoder not in known for encoder in encoders):
            raise UserError(
                f"{self.where}: no codec {encoders} in {container}; known: mp3: null, ogg: vorbis, opus"
            )
        lowest, end = self.span("qscale", LOWEST_QUALITY, HIGHEST_QUALITY + 1, int)
        if lowest == end:
            raise UserError(f"{self.where}: qscale [{lowest}, {end}] is empty; the second number is excluded")
        return Format(container, tuple(encoders), (lowest, end))

    def _packet_loss(self) -> PacketLoss:
        self.allow("weight", "packet_duration_ms", "packet_loss_rate", "max_continuous_packet_loss")
        return PacketLoss(
            weight=self._weight(),
            packet_ms=self.whole("packet_duration_ms", lowest=1),
            share=self.span("packet_loss_rate", 0, 1),
            longest_run=self.whole("max_continuous_packet_loss", lowest=2),
        )

    def _wind(self) -> Wind:
        self.allow(*WIND_LIMITS, "clipping_chance")
        spans = (self.span(name, *limits) for name, limits in WIND_LIMITS.items())
        return Wind(*spans, self.probability("clipping_chance"))
