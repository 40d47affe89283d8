"""Arguments of several verbs that name a model, and the model that they name."""

from pathlib import Path

#: Options of the models -> those that have them.
OPTIONS = {
    "wiring": ("semamba_pp",),
    "highband": ("semamba_pp", "espnet"),
    **dict.fromkeys(("branch", "packet_loss"), ("gap_urgenet",)),
    **dict.fromkeys(
        ("window_s", "overlap_s", "crossfade_s", "batch", "level", "mix"),
        ("semamba_pp", "gap_urgenet", "espnet"),
    ),
}


def add_model_arguments(parser):
    """Describe the arguments."""
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model",
        help="semamba_pp, gap_urgenet or espnet (default: what the checkpoint looks like), or the checkpoint "
        "itself",
    )
    model.add_argument(
        "--checkpoint",
        help="official .pth (gap_urgenet: folder of its five), .safetensors, experiment folder, pack (.zip), "
        "hub tag",
    )
    model.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    model.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16", "float16"), help="default: float32"
    )
    model.add_argument(
        "--wiring", choices=("fixed", "old"), help="semamba_pp; old: checkpoints from before August 2026"
    )
    model.add_argument(
        "--branch",
        choices=("fused", "predictive", "generative"),
        help="gap_urgenet; predictive: changes no words, up to 8 kHz only (default: fused)",
    )
    model.add_argument(
        "--packet_loss",
        choices=("any_rate", "official", "off"),
        help="gap_urgenet: how lost packets are found, to be made up (default: any_rate)",
    )


def choose_model(arguments):
    """The model to load, an `espnet_plugin.enhance.workers.Model`.

    Args:
        arguments: with those of `add_model_arguments`, and any of `OPTIONS`.

    Raises:
        UserError: no checkpoint, one that cannot be had, or an option that the model does not have.
    """
    from espnet_plugin import process_settings
    from espnet_plugin.enhance.workers import Model
    from espnet_plugin.errors import UserError

    with process_settings.loading():  # with torch
        from espnet_plugin.pretrained.load import MODELS, download
        from espnet_plugin.pretrained.recognise import recognise

    name, checkpoint = arguments.model, arguments.checkpoint
    if name is not None and name not in MODELS:
        if checkpoint is not None:
            raise UserError(
                f"unknown model '{name}': choose {', '.join(MODELS)}, or name one checkpoint only"
            )
        name, checkpoint = None, name
    if checkpoint is None:
        raise UserError(
            "name the weights: --checkpoint with a file, folder, pack or tag of the Hugging Face hub"
        )
    path = Path(checkpoint).expanduser()
    if not path.exists() and name != "espnet":
        path = download(checkpoint)
    name = name or recognise(path)
    given = {option: getattr(arguments, option, None) for option in OPTIONS}
    given = {option: value for option, value in given.items() if value is not None}
    for option in given:
        if name not in OPTIONS[option]:
            raise UserError(f"{name} has no --{option}, only {', '.join(OPTIONS[option])}; leave it out")
    return Model(name, path if path.exists() else checkpoint, arguments.device, arguments.dtype, given)
