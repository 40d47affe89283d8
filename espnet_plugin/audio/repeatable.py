"""Audio files of the same bytes for the same samples: without what libsndfile takes from the clock."""

import zlib
from pathlib import Path
from typing import BinaryIO

#: Enough for all chunks before the samples.
HEADER_BYTES = 4096
#: Every byte with its bits in reverse order.
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def make_repeatable(path: Path, container: str) -> None:
    """Take the time of writing out of a file of float samples, and the random number of a stream out of OGG.

    Args:
        path: the file, changed in place.
        container: libsndfile's name of its format.
    """
    if container not in ("WAV", "RF64", "AIFF", "OGG"):
        return
    with path.open("r+b") as file:
        if container == "OGG":
            _number_stream(file)
        else:
            _clear_time(file)


def _clear_time(file: BinaryIO) -> None:
    """In the chunk PEAK: after its name, size and version."""
    place = file.read(HEADER_BYTES).find(b"PEAK")
    if place >= 0:
        file.seek(place + 12)
        file.write(bytes(4))


def _number_stream(file: BinaryIO) -> None:
    """Give the stream the number 1 in every page, each of which has a checksum."""
    start = 0
    while (head := file.read(27))[:4] == b"OggS":
        lengths = file.read(head[26])
        body = lengths + file.read(sum(lengths))
        head = head[:14] + (1).to_bytes(4, "little") + head[18:22] + bytes(4) + head[26:]
        checksum = _checksum(head + body).to_bytes(4, "little")
        file.seek(start)
        file.write(head[:22] + checksum + head[26:])
        start += len(head) + len(body)
        file.seek(start)


def _checksum(page: bytes) -> int:
    """CRC-32 as OGG has it: zlib's with all bits in the other order, begun with 0 and not inverted."""
    reverse = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reverse.to_bytes(4, "little").translate(REVERSED), "big")
