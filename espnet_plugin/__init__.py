"""Universal speech enhancement in ESPnet: SEMamba++, and the URGENT 2026 recipe."""

__all__ = ["load", "register"]


def load(name, checkpoint, device="auto", dtype="float32", **options):
    """Load a model that enhances recordings.

    Args:
        name: "semamba_pp", "gap_urgenet", or "espnet" for a network of ESPnet's stock that was trained here.
        checkpoint: the official `.pth` file, a file or experiment folder of this project, a
            packed `.zip`, or a tag of the Hugging Face hub such as "someone/semambapp". For gap_urgenet
            the folder of the five official files, a dictionary of their paths, or a pack of this project.
        device: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1" or "mps".
        dtype: "float32", "bfloat16" or "float16".
        options: see `espnet_plugin.pretrained.load.load`; `wiring="old"` for SEMamba++
            checkpoints from before August 2026.

    Returns:
        An object with `enhance(wave, rate)`, which keeps shape and rate, and `network`, the torch module.

    Raises:
        espnet_plugin.errors.UserError: in one line, what is wrong with the checkpoint or an argument.
    """
    from espnet_plugin.pretrained.load import load as load_model

    return load_model(name, checkpoint, device=device, dtype=dtype, **options)


def register():
    """Add this project's classes to ESPnet's tables, so that stock ESPnet finds them; idempotent."""
    from espnet_plugin.espnet_modules.registration import register as register_classes

    register_classes()
