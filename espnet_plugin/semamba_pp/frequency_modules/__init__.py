"""What may stand along the bins of a level: Frequency GLP and its rivals of the paper's comparisons.

Each module maps (B, C, T, F) to (B, C, T, F); the caller adds the residual.
"""

from torch import nn

from espnet_plugin.semamba_pp.frequency_glp import FrequencyGlp
from espnet_plugin.semamba_pp.frequency_modules.conformer import FrequencyConformer
from espnet_plugin.semamba_pp.frequency_modules.linear import LinearGlp
from espnet_plugin.semamba_pp.frequency_modules.local import FrequencyLocal
from espnet_plugin.semamba_pp.frequency_modules.mamba import FrequencyMamba
from espnet_plugin.semamba_pp.frequency_modules.serial import SerialGlp
from espnet_plugin.semamba_pp.frequency_modules.spatialnet import FrequencySpatialNet
from espnet_plugin.semamba_pp.frequency_modules.transformer import FrequencyTransformer

FREQUENCY_MODULES = {
    "glp": FrequencyGlp,
    "local": FrequencyLocal,
    "serial": SerialGlp,
    "linear": LinearGlp,
    "mamba": FrequencyMamba,
    "transformer": FrequencyTransformer,
    "conformer": FrequencyConformer,
    "spatialnet": FrequencySpatialNet,
}


def build_frequency_module(name: str, channels: int, bins: int, mixer: dict, sizes: dict | None) -> nn.Module:
    """A frequency module by its name.

    Args:
        name: a key of `FREQUENCY_MODULES`.
        channels: C.
        bins: F.
        mixer: arguments of `MambaMixer` along the frames; "mamba" takes them for the bins too.
        sizes: arguments of the module's class besides `channels` and `bins`.

    Raises:
        ValueError: unknown name.
        TypeError: a size that the module does not have.
    """
    if name not in FREQUENCY_MODULES:
        raise ValueError(f"unknown frequency module '{name}': choose {', '.join(FREQUENCY_MODULES)}")
    sizes = dict(sizes or {})
    if name == "mamba":
        sizes = {**mixer, **sizes}
    return FREQUENCY_MODULES[name](channels, bins, **sizes)
