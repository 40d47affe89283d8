"""What the trainings of GAP-URGENet have in common (specification, section 9).

Shapes: B items, N samples, T frames, C features.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from espnet_plugin.training.frozen_networks import FrozenNetworks
from espnet_plugin.training.signal import Wave


class Part(FrozenNetworks):
    """A network in training, or several, with the frozen networks around it.

    Args:
        network: what is trained; several networks as a ``ModuleDict``.
        weights: weight per term of the loss, over ``DEFAULT_WEIGHTS``.
        frozen: name -> network.

    Attributes:
        network: as given.
        weights: of each term.
        frozen, cache: of ``FrozenNetworks``.

    Raises:
        ValueError: an unknown term, no term at all, or a frozen network that is missing or not used.
    """

    #: Rate of the segments that this part learns from.
    rate_hz: int = 16000
    #: Terms of the loss with their default weights.
    DEFAULT_WEIGHTS: Mapping[str, float]
    #: Weights of the adversary's terms; none if the part is trained without.
    ADVERSARIAL_WEIGHTS: Mapping[str, float] = {}
    #: Networks that learn together, given as one ``ModuleDict``; none if one learns, that of the part's name.
    TOGETHER: tuple[str, ...] = ()
    #: Names of the frozen networks.
    FROZEN: tuple[str, ...] = ()
    #: What ``compare`` gives, a class of ``espnet_plugin.training.signal``.
    SIGNAL: type[tuple] = Wave
    #: Whether degraded segments are not looked at.
    CLEAN_ONLY: bool = False

    def __init__(
        self,
        network: nn.Module,
        weights: Mapping[str, float] | None = None,
        frozen: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__(frozen or {})
        for name in weights or ():
            if name not in self.DEFAULT_WEIGHTS:
                known = ", ".join(self.DEFAULT_WEIGHTS)
                raise ValueError(f"there is no term '{name}' here; the terms are {known}")
        weights = {**self.DEFAULT_WEIGHTS, **(weights or {})}
        if not any(weights.values()):
            raise ValueError(f"all weights of {', '.join(weights)} are 0, so that there is nothing to learn")
        if set(self.frozen) != set(self.FROZEN):
            needed, found = (", ".join(names) or "none" for names in (self.FROZEN, self.frozen))
            raise ValueError(f"the frozen networks of this part are {needed}, not {found}")
        self.network = network
        self.weights = weights

    @abstractmethod
    def compare(self, degraded: Tensor, clean: Tensor) -> tuple[Any, Any]:
        """What the losses compare: the target and what the network makes of the degraded segments.

        Args:
            degraded, clean: waves (B, N) at ``rate_hz``.

        Returns:
            Two of ``SIGNAL``.
        """

    @abstractmethod
    def terms(self, target: Any, restored: Any) -> dict[str, Tensor]:
        """The terms of the loss that need no discriminator, unweighted, as far as their weight is not 0."""

    def loss(self, target: Any, restored: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Their weighted sum, and each of them without gradient."""
        terms = self.terms(target, restored)
        total = sum(self.weights[name] * term for name, term in terms.items())
        return total, {name: term.detach() for name, term in terms.items()}
