"""The adversary of SEMamba: a network that learns to predict PESQ (MetricGAN)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from espnet_plugin.training.adversaries.frozen import frozen
from espnet_plugin.training.discriminators.metric import MetricDiscriminator
from espnet_plugin.training.losses.mean import mean
from espnet_plugin.training.signal import Signal

#: Wide-band PESQ that counts as worst and as perfect.
WORST_PESQ, BEST_PESQ = 1.0, 4.5


class MetricAdversary(nn.Module):
    """A metric discriminator on the magnitudes, taught by the measured PESQ of the waves.

    Args:
        measure: gives the wide-band PESQ of each pair of waves: (B, N) clean and (B, N) restored, both on
            the CPU, to B numbers; NaN where there is none, as for silence.
        channels, dropout: of ``MetricDiscriminator``.
    """

    #: Weight of the generator's term.
    DEFAULT_WEIGHTS = {"metric": 0.05}

    def __init__(
        self, measure: Callable[[Tensor, Tensor], Sequence[float]], channels: int = 16, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.measure = measure
        self.discriminator = MetricDiscriminator(channels, dropout)

    def discriminator_loss(self, clean: Signal, restored: Signal) -> tuple[Tensor, dict[str, Tensor]]:
        """What the discriminator is trained on: 1 for clean speech, the measured quality for restored.

        Args:
            clean: the target.
            restored: from the generator; its gradient is cut here. Items without PESQ are left out.

        Returns:
            The loss, and without gradient its two parts ``discriminator_clean`` and
            ``discriminator_restored`` and the mean ``pesq`` of the batch (NaN if no item has one).
        """
        restored = restored.detach()
        scores = self.measure(clean.wave.float().cpu(), restored.wave.float().cpu())
        pesq = torch.as_tensor(scores, dtype=clean.wave.dtype, device=clean.wave.device)
        measured = ~pesq.isnan()
        # The most that wide-band PESQ gives, 4.64, is beyond what a sigmoid can reach.
        quality = ((pesq - WORST_PESQ) / (BEST_PESQ - WORST_PESQ)).clamp(0.0, 1.0)
        # One call for both pairs: items do not see each other.
        predicted = self.discriminator(
            torch.cat((clean.magnitude, clean.magnitude)), torch.cat((clean.magnitude, restored.magnitude))
        )
        perfect, imperfect = predicted.chunk(2)
        error = torch.where(measured, imperfect - quality, 0.0)
        parts = {
            "discriminator_clean": mean((perfect - 1) ** 2),
            "discriminator_restored": mean(error**2) * len(pesq) / measured.sum().clamp(min=1),
        }
        values = {name: part.detach() for name, part in parts.items()}
        return sum(parts.values()), {**values, "pesq": pesq[measured].mean()}

    def generator_terms(self, clean: Signal, restored: Signal) -> dict[str, Tensor]:
        """What the generator is trained on, unweighted: ``metric``, the squared distance from quality 1.

        Arguments as for ``discriminator_loss``. No gradient reaches the discriminator.
        """
        with frozen(self):
            predicted = self.discriminator(clean.magnitude, restored.magnitude)
        return {"metric": mean((predicted - 1) ** 2)}
