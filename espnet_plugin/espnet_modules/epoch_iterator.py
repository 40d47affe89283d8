"""Tells the preprocessing which epoch begins; ESPnet tells only its iterators."""

from collections.abc import Iterable

# Not from espnet2.iterators: what this package may import of ESPnet is kept small.
from espnet2.tasks.abs_task import AbsIterFactory

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.mixing_preprocessor import MixingPreprocessor, SharedMixing
from espnet_plugin.espnet_modules.preprocessor import RestorationPreprocessor
from espnet_plugin.espnet_modules.rate_batches import RateBatches


class EpochIterFactory(AbsIterFactory):
    """An iterator factory of ESPnet that sets the epoch of its preprocessing before each epoch.

    The processes that load data are started for each epoch and take the preprocessing over as it is then.

    Args:
        factory: a ``SequenceIterFactory`` whose data set is preprocessed by a ``RestorationPreprocessor``.
        part: (k, n) takes batches k, k + n, ... only, in fixed order; there may be none.
        batches: instead of the factory's own.

    Raises:
        UserError: another kind of factory, which would cut segments itself.
    """

    def __init__(
        self, factory: AbsIterFactory, part: tuple[int, int] = (0, 1), batches: RateBatches | None = None
    ) -> None:
        self.factory = factory
        self.preprocess = getattr(getattr(factory, "dataset", None), "preprocess", None)
        if not isinstance(self.preprocess, RestorationPreprocessor):
            raise UserError("segments are cut by the preprocessing: set 'iterator_type: sequence'")
        if batches is not None:
            factory.sampler = batches
            factory.shuffle_within_batch = False  # would mix the rates
        if part != (0, 1):
            factory.sampler.batches = factory.sampler.batches[part[0] :: part[1]]
            factory.shuffle_within_batch = False  # cannot shuffle no batches

    def build_iter(self, epoch: int, shuffle: bool | None = None) -> Iterable:
        """The batches of one epoch; arguments as in ESPnet."""
        self.preprocess.epoch = epoch
        loader = self.factory.build_iter(epoch, shuffle)
        mixes = isinstance(self.preprocess, MixingPreprocessor) and self.preprocess.mixer is not None
        return SharedMixing(loader) if mixes else loader
