"""What frozen networks make of segments, kept on disk: computed once, read from then on."""

import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from espnet_plugin.atomic_write import write_bytes

#: Part of every key; to be changed with the meaning of what is kept.
_FORMAT = "1"
_DIGEST_BYTES = hashlib.sha256().digest_size
#: What a killed process left is removed when it is so old.
_LEFTOVER_S = 3600


class FrozenCache:
    """A folder of outputs of frozen networks, found again by what they were made of.

    The key of an item is a hash of the kind of output, of the networks' weights and options, of the item's
    samples and of the precision, so that it does not matter how segments are drawn or which training asks.
    Items are computed one by one: what is kept does not depend on the rest of a batch, and a training learns
    the same with an empty and with a filled folder, to the last bit.

    Any number of processes and trainings may share a folder; deleting it costs nothing but time. A file that
    is broken is made again. A folder that is full or cannot be written to is said once in the log, then new
    items are computed and not kept.

    Args:
        folder: made when the first item is kept.
        limit_bytes: what the folder may hold. Several processes may together exceed it by some hundredths.
        fingerprints: of the frozen networks by name, see ``fingerprint``.
        keeps_training: whether training segments are worth keeping, because they return; those of validation
            always are.
    """

    def __init__(
        self,
        folder: Path,
        limit_bytes: float,
        fingerprints: Mapping[str, str],
        keeps_training: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes
        self.fingerprints = dict(fingerprints)
        self.keeps_training = keeps_training
        self._left_bytes = 0.0  # until the folder is measured again
        self._closed = False

    def outputs(
        self,
        kind: str,
        segments: Tensor,
        compute: Callable[[Tensor], Sequence[Tensor]],
        of: Sequence[str] | None = None,
    ) -> tuple[Tensor, ...]:
        """What frozen networks make of segments.

        Args:
            kind: tells outputs of the same networks apart.
            segments: (B, N).
            compute: tensors, one item each, of a segment (1, N) that is not there yet.
            of: names of the networks that take part; default: all.

        Returns:
            Tensors with B items each, where the segments are.
        """
        names = self.fingerprints if of is None else of
        precision = segments.dtype
        if torch.is_autocast_enabled(segments.device.type):
            precision = torch.get_autocast_dtype(segments.device.type)
        made_by = (_FORMAT, kind, *(self.fingerprints[name] for name in names))
        made_by += (segments.device.type, str(precision), str(segments.shape[-1]))
        items = []
        for segment, samples in zip(segments.split(1), segments.detach().cpu()):
            path = self._path(made_by, samples)
            item = _read(path)
            if item is None:
                item = [output.detach().cpu().contiguous().clone() for output in compute(segment)]
                self._write(path, item)
            items.append(item)
        return tuple(torch.cat(column).to(segments.device) for column in zip(*items, strict=True))

    def _path(self, made_by: Sequence[str], samples: Tensor) -> Path:
        digest = hashlib.sha256("\0".join(made_by).encode() + b"\0")
        digest.update(_bytes(samples))
        name = digest.hexdigest()
        return self.folder / name[:2] / name  # a folder of 100 000 files is slow

    def _write(self, path: Path, item: Sequence[Tensor]) -> None:
        if self._closed:
            return
        content = save({str(number): output for number, output in enumerate(item)})
        size = _DIGEST_BYTES + len(content)
        try:
            if size > self._left_bytes:
                room = self.limit_bytes - self._held_bytes()
                if size > room:
                    gib = self.limit_bytes / 2**30
                    self._close(f"it holds the {gib:g} GiB that it may (frozen_cache_gib)")
                    return
                # Others write as well: by then the folder is measured again.
                self._left_bytes = min(room, max(size, self.limit_bytes / 100))
            write_bytes(path, hashlib.sha256(content).digest() + content)
            self._left_bytes -= size
        except OSError as error:
            self._close(f"it cannot be written to ({error.strerror or error})")

    def _held_bytes(self) -> int:
        held = 0
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):  # temporary files vanish
                status = path.stat()
                if path.suffix == ".tmp" and status.st_mtime < time.time() - _LEFTOVER_S:
                    path.unlink()
                else:
                    held += status.st_size
        return held

    def _close(self, reason: str) -> None:
        self._closed = True
        logging.warning(f"{self.folder} gets no more outputs of frozen networks: {reason}")


def fingerprint(network: nn.Module, options: Mapping[str, Any]) -> str:
    """What tells one frozen network from another.

    Args:
        network: all its weights count.
        options: the arguments it was built with, of which weights do not show everything.
    """
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"\0{name} {tensor.dtype} {list(tensor.shape)}\0".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> Any:
    """The content of a tensor without a copy, if it lies in the memory of the processor in one piece."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def _read(path: Path) -> list[Tensor] | None:
    """A kept item, or None if there is none or its file is broken."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, content = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        logging.warning(f"{path} is broken; it is made again")
        return None
    item = load(content)
    return [item[str(number)] for number in range(len(item))]
