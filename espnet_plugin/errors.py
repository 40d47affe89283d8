"""The one error that users are meant to read."""

#: Which extra of this package brings a module that the bare installation lacks.
EXTRA_OF_MODULE = {
    "tensorboard": "train",
    "matplotlib": "train",
    "ci_sdr": "train",
    "fast_bss_eval": "train",
    "torch_optimizer": "train",
    "pesq": "score",
    "pystoi": "score",
    "speechmos": "score",
    "onnxruntime": "score",
    "librosa": "score",
    "asteroid_filterbanks": "score",
    "jinja2": "score",
    "PIL": "score",
    "espeakng_loader": "corpus",
    "pyroomacoustics": "corpus",
    "resampy": "corpus",
    "imageio_ffmpeg": "corpus",
    "webrtcvad": "corpus",
    "onnx": "export",
    "starlette": "serve",
    "uvicorn": "serve",
    "mamba_ssm": "cuda",
    "pytest": "dev",
    "hypothesis": "dev",
}


class UserError(Exception):
    """A mistake the user can mend; its message is one line that says what is wrong and what to do.

    The command line prints it as ``urgent26 VERB: MESSAGE`` and exits with code 2.
    """

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


def pip_command(extra: str) -> str:
    """The command that installs one extra of this package (``score``, ``train``, ``corpus``, ``cuda``)."""
    return f'pip install "espnet-plugin[{extra}]"'


def missing_module(name: str, needed_for: str = "this") -> UserError:
    """The error for a module that is not installed.

    Args:
        name: import name, dotted or not; the extra that brings it is looked up in ``EXTRA_OF_MODULE``.
        needed_for: what the user wanted to do, in words that fit after "for".
    """
    top_level = name.partition(".")[0]
    extra = EXTRA_OF_MODULE.get(top_level)
    remedy = pip_command(extra) if extra else f"pip install {top_level}"
    return UserError(f"the package {top_level} is needed for {needed_for} and is not installed: {remedy}")
