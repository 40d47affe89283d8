"""What our separators have in common: waves in and waves out, between ESPnet's ``same`` encoder and decoder.

Shapes: B items, N samples, C channels.
"""

from abc import abstractmethod
from collections import OrderedDict

import torch
from espnet2.enh.separator.abs_separator import AbsSeparator
from torch.nn import functional


class WaveSeparator(AbsSeparator):
    """A network that restores whole waves, in the form of ESPnet's ``AbsSeparator``.

    Args:
        input_dim: feature size that ESPnet reports for the encoder; 1 for waves.
        num_spk: number of restored signals; only 1 exists.

    Attributes:
        name: in configurations.
        rate_hz: of the waves.

    Raises:
        ValueError: a spectral encoder stands before this separator, or ``num_spk`` is not 1.
    """

    name: str
    rate_hz: int

    def __init__(self, input_dim: int, num_spk: int = 1) -> None:
        super().__init__()
        if input_dim != 1:
            raise ValueError(
                f"{self.name} takes waves, but the encoder gives {input_dim} features: "
                "set 'encoder: same' and 'decoder: same'"
            )
        if num_spk != 1:
            raise ValueError(f"{self.name} restores one speaker, not {num_spk}: set 'num_spk: 1'")
        # ESPnet reads this name, and replaces it when a user chooses another reference channel.
        self.ref_channel = 0

    @property
    def num_spk(self) -> int:
        """Number of restored signals."""
        return 1

    @abstractmethod
    def restore(self, wave: torch.Tensor) -> torch.Tensor:
        """Restore waves (B, N) of equal length at ``rate_hz``; the result is (B, N)."""

    def forward(
        self, input: torch.Tensor, ilens: torch.Tensor, additional: dict | None = None
    ) -> tuple[list[torch.Tensor], torch.Tensor, OrderedDict]:
        """Restore a batch; the contract is ESPnet's ``AbsSeparator``.

        The norms of the networks use the whole of an item, so items of different lengths run apart, each
        without the padding of the batch.

        Args:
            input: (B, N) or (B, N, C).
            ilens: (B,) number of valid samples per item.
            additional: not used.

        Returns:
            A list with one tensor (B, N), ``ilens`` and an empty dictionary.

        Raises:
            ValueError: the input is a spectrum, or has not the channels that the network needs.
        """
        if not torch.is_tensor(input) or input.is_complex() or input.dim() not in (2, 3):
            raise ValueError(f"{self.name} takes waves (B, N): set 'encoder: same' and 'decoder: same'")
        wave = self.choose_channels(input)
        samples = wave.shape[1]
        lengths = [min(int(length), samples) for length in ilens]
        if all(length == samples for length in lengths):
            return [self.restore(wave)], ilens, OrderedDict()
        restored = [
            functional.pad(self.restore(item[None, :length])[0], (0, samples - length))
            for item, length in zip(wave, lengths)
        ]
        return [torch.stack(restored)], ilens, OrderedDict()

    def choose_channels(self, wave: torch.Tensor) -> torch.Tensor:
        """What ``restore`` takes of a batch (B, N) or (B, N, C): here the reference channel."""
        return wave if wave.dim() == 2 else wave[:, :, self.ref_channel]
