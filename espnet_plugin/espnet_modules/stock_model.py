"""ESPnet's own networks and losses within this package's training, as baselines."""

import argparse

import torch
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.tasks.enh import EnhancementTask

from espnet_plugin.errors import UserError


class StockModel(ESPnetEnhancementModel):
    """ESPnet's enhancement model, with the methods that ``TrainingStep`` and ``evaluate`` call."""

    def compare(
        self, speech_mix: torch.Tensor, speech_ref1: torch.Tensor, **others: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the loss is computed from: clean and degraded segments, both (B, N).

        ESPnet's model enhances as a part of its loss, so nothing is restored here.

        Args:
            speech_mix: (B, N) degraded segments.
            speech_ref1: (B, N) clean segments.
            others: what else ESPnet puts into a batch; lengths are not used, as all are the same.
        """
        return speech_ref1, speech_mix

    def generator_loss(
        self, clean: torch.Tensor, degraded: torch.Tensor, adversarial: bool = False
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The weighted sum of the criterions of the configuration, and each of them to report.

        Args:
            clean, degraded: as ``compare`` returns them.
            adversarial: not used: there are no discriminators.
        """
        loss, values, _ = self(speech_mix=degraded, speech_ref1=clean)
        return loss.reshape(()), values

    def evaluate(
        self, clean: torch.Tensor, degraded: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """As ``generator_loss``, which is all that is measured on validation data."""
        return self.generator_loss(clean, degraded)


def build_stock_model(args: argparse.Namespace) -> StockModel:
    """The model that ESPnet's enhancement task would build.

    Args:
        args: options of the task.

    Raises:
        UserError: ESPnet refuses the configuration, or its transform works at another rate.
    """
    try:
        built = EnhancementTask.build_model(args)
    except (AssertionError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"the model cannot be built from this configuration: {reason}") from error
    rate_hz = getattr(built.encoder, "default_fs", args.sample_rate)
    if rate_hz != args.sample_rate:
        raise UserError(
            f"the encoder works at {rate_hz} Hz, the training at {args.sample_rate} Hz: "
            f"set 'default_fs: {args.sample_rate}' in encoder_conf and decoder_conf"
        )
    return StockModel(
        encoder=built.encoder,
        separator=built.separator,
        decoder=built.decoder,
        mask_module=built.mask_module,
        loss_wrappers=built.loss_wrappers,
        **args.model_conf,
    )
