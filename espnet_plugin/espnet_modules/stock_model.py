"""ESPnet's own losses within this package's training, for ESPnet's networks and those of GAP-URGENet."""

import argparse

import torch
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.tasks.enh import EnhancementTask

from espnet_plugin.errors import UserError


class StockModel(ESPnetEnhancementModel):
    """ESPnet's enhancement model, with the methods that ``TrainingStep`` and ``evaluate`` call."""

    def compare(
        self, speech_mix: torch.Tensor, speech_ref1: torch.Tensor, **others: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """What the loss is computed from: clean segments (B, N), and degraded ones with their rate, if known.

        ESPnet's model enhances as a part of its loss, so nothing is restored here.

        Args:
            speech_mix: (B, N) degraded segments.
            speech_ref1: (B, N) clean segments.
            others: what else ESPnet puts into a batch, of which the rate (``utt2fs``) is used; lengths are not,
                as all are the same.
        """
        rate = {name: value for name, value in others.items() if name == "utt2fs"}
        return speech_ref1, {"speech_mix": speech_mix, **rate}

    def generator_loss(
        self, clean: torch.Tensor, degraded: dict[str, torch.Tensor], adversarial: bool = False
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The weighted sum of the criterions of the configuration, and each of them to report.

        Args:
            clean, degraded: as ``compare`` returns them.
            adversarial: not used: there are no discriminators.
        """
        loss, values, _ = self(speech_ref1=clean, **degraded)
        return loss.reshape(()), values

    def evaluate(
        self, clean: torch.Tensor, degraded: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """As ``generator_loss``, which is all that is measured on validation data."""
        return self.generator_loss(clean, degraded)


def build_stock_model(args: argparse.Namespace) -> StockModel:
    """The model that ESPnet's enhancement task would build.

    Args:
        args: options of the task.

    Raises:
        UserError: ESPnet refuses the configuration, or it works at another rate.
    """
    try:
        built = EnhancementTask.build_model(args)
    except (AssertionError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"the model cannot be built from this configuration: {reason}") from error
    own_rate_hz = getattr(built.separator, "rate_hz", args.sample_rate)
    if own_rate_hz != args.sample_rate:
        raise UserError(
            f"{args.separator} works at {own_rate_hz} Hz, the training at {args.sample_rate} Hz: "
            f"set 'sample_rate: {own_rate_hz}'"
        )
    if args.batch_by_rate and hasattr(built.separator, "rate_hz") and not built.always_forward_in_48k:
        raise UserError(f"{args.separator} works at {own_rate_hz} Hz only: set 'batch_by_rate: false'")
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
