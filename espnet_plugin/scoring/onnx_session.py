"""Models in the ONNX format, run on one thread."""

from __future__ import annotations

from pathlib import Path

from espnet_plugin.errors import UserError


def single_thread_session(path: Path):
    """An `onnxruntime.InferenceSession` on the CPU, whose threads neither multiply nor spin.

    Raises:
        UserError: the file cannot be read as a model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its classes are private and share no base of their own
        raise UserError(f"{path} is damaged or no ONNX model: {error}") from error
