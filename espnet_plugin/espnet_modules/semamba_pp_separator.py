"""SEMamba++ as an ESPnet separator: wave in, wave out.

Shapes: B items, N samples, C channels.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from espnet2.enh.separator.abs_separator import AbsSeparator
from torch.nn import functional

from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.restoration import restore
from espnet_plugin.semamba_pp.spectrum import Spectrum


class SEMambaPPSeparator(AbsSeparator):
    """Adapter around ``SEMambaPP`` for ``encoder: same`` and ``decoder: same`` at 16 kHz.

    The whole inference of the SEMamba++ specification, section 1: divide by the peak, analyse, restore,
    synthesise, multiply by the peak.

    Args:
        input_dim: feature size that ESPnet reports for the encoder; 1 for waves.
        channels, blocks, resolutions, dense_depth, state_size, expansion, convolution_width, wiring, scan,
            block, frequency, frequency_conf, channel_part, paths, scales, output:
            as in ``SEMambaPP``, with the same defaults.
        num_spk: number of restored signals; only 1 exists.

    Raises:
        ValueError: a spectral encoder stands before this separator, or ``num_spk`` is not 1.
    """

    def __init__(
        self,
        input_dim: int,
        channels: int = 48,
        blocks: int = 4,
        resolutions: int = 3,
        dense_depth: int = 4,
        state_size: int = 16,
        expansion: int = 2,
        convolution_width: int = 4,
        wiring: str = "fixed",
        scan: str = "auto",
        block: str = "tfdp",
        frequency: str = "glp",
        frequency_conf: dict | None = None,
        channel_part: bool = True,
        paths: str = "parallel",
        scales: Sequence[str] | None = None,
        output: str = "mapping",
        num_spk: int = 1,
    ) -> None:
        super().__init__()
        if input_dim != 1:
            raise ValueError(
                f"semamba_pp takes waves, but the encoder gives {input_dim} features: "
                "set 'encoder: same' and 'decoder: same'"
            )
        if num_spk != 1:
            raise ValueError(f"semamba_pp restores one speaker, not {num_spk}: set 'num_spk: 1'")
        self.spectrum = Spectrum()
        self.network = SEMambaPP(
            channels=channels,
            blocks=blocks,
            resolutions=resolutions,
            dense_depth=dense_depth,
            state_size=state_size,
            expansion=expansion,
            convolution_width=convolution_width,
            bins=self.spectrum.bins,
            wiring=wiring,
            scan=scan,
            block=block,
            frequency=frequency,
            frequency_conf=frequency_conf,
            channel_part=channel_part,
            paths=paths,
            scales=scales,
            output=output,
        )
        # ESPnet reads this name, and replaces it when a user chooses another reference channel.
        self.ref_channel = 0

    @property
    def num_spk(self) -> int:
        """Number of restored signals."""
        return 1

    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Restore waves (B, N) of equal length at 16 kHz; see ``espnet_plugin.semamba_pp.restoration``."""
        return restore(wave, self.network, self.spectrum)

    def forward(
        self, input: torch.Tensor, ilens: torch.Tensor, additional: dict | None = None
    ) -> tuple[list[torch.Tensor], torch.Tensor, OrderedDict]:
        """Restore a batch; the contract is ESPnet's ``AbsSeparator``.

        The norms of the network use the whole of an item, so items of different lengths run apart, each
        without the padding of the batch.

        Args:
            input: (B, N) or (B, N, C), of which the reference channel is used.
            ilens: (B,) number of valid samples per item.
            additional: not used.

        Returns:
            A list with one tensor (B, N), ``ilens`` and an empty dictionary.

        Raises:
            ValueError: the input is a spectrum.
        """
        if not torch.is_tensor(input) or input.is_complex() or input.dim() not in (2, 3):
            raise ValueError("semamba_pp takes waves (B, N): set 'encoder: same' and 'decoder: same'")
        wave = input if input.dim() == 2 else input[:, :, self.ref_channel]
        lengths = [min(int(length), wave.shape[1]) for length in ilens]
        if all(length == wave.shape[1] for length in lengths):
            return [self.restore(wave)], ilens, OrderedDict()
        restored = [
            functional.pad(self.restore(item[None, :length])[0], (0, wave.shape[1] - length))
            for item, length in zip(wave, lengths)
        ]
        return [torch.stack(restored)], ilens, OrderedDict()
