"""What the generator is trained against: discriminators together with their losses.

Every adversary has ``discriminator_loss(clean, restored)``, ``generator_terms(clean, restored)`` and
``DEFAULT_WEIGHTS``, the weights of these terms in the generator's loss.
"""

from espnet_plugin.training.adversaries.features import FeatureAdversary
from espnet_plugin.training.adversaries.metric import MetricAdversary
from espnet_plugin.training.adversaries.period_band import PeriodBandAdversary
from espnet_plugin.training.adversaries.vocoder import VocoderAdversary

#: By the names used in configurations.
ADVERSARIES = {
    "vocoder": VocoderAdversary,
    "metric": MetricAdversary,
    "period_band": PeriodBandAdversary,
    "features": FeatureAdversary,
}

__all__ = ["ADVERSARIES", "FeatureAdversary", "MetricAdversary", "PeriodBandAdversary", "VocoderAdversary"]
