"""Discriminators, one per file (shapes: B batch, N samples, F bins, T frames)."""

from espnet_plugin.training.discriminators.features import FeatureDiscriminator
from espnet_plugin.training.discriminators.judgement import Judgement
from espnet_plugin.training.discriminators.metric import MetricDiscriminator
from espnet_plugin.training.discriminators.multi_band import MultiBandDiscriminator
from espnet_plugin.training.discriminators.multi_period import MultiPeriodDiscriminator
from espnet_plugin.training.discriminators.multi_resolution import MultiResolutionDiscriminator
from espnet_plugin.training.discriminators.sub_band_cqt import MultiScaleSubBandCqtDiscriminator

__all__ = [
    "FeatureDiscriminator",
    "Judgement",
    "MetricDiscriminator",
    "MultiBandDiscriminator",
    "MultiPeriodDiscriminator",
    "MultiResolutionDiscriminator",
    "MultiScaleSubBandCqtDiscriminator",
]
