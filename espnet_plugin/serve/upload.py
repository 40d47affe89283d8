"""What a visitor sends, brought to disk piece by piece; never more of it than is allowed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import Request

from espnet_plugin.errors import UserError

#: Without a byte for so long, nobody sends any more.
STALL_S = 60.0


class TooLarge(UserError):
    """The upload is larger than allowed."""


async def receive_upload(request: Request, path: Path, limit_bytes: int, stall_s: float = STALL_S) -> None:
    """Write the body of a request to a file.

    Args:
        request: its body is the recording itself, not a form.
        path: must not be there yet.
        limit_bytes: largest size.
        stall_s: longest pause between two pieces.

    Raises:
        TooLarge: before more than that was read.
        UserError: a form, nothing at all, or a pause.
        starlette.requests.ClientDisconnect: the visitor left.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise UserError("send the file itself, not a form: curl --data-binary @noisy.wav")
    message = f"the file is larger than {limit_bytes / 1e6:g} MB, which is the limit here"
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise TooLarge(message)
    pieces = request.stream()
    received = 0
    with path.open("xb") as file:
        while True:
            try:
                piece = await asyncio.wait_for(anext(pieces, None), stall_s)
            except TimeoutError:
                raise UserError(f"nothing came for {stall_s:g} s; send the file again") from None
            if piece is None:
                break
            received += len(piece)
            if received > limit_bytes:
                raise TooLarge(message)
            file.write(piece)
    if not received:
        raise UserError("the file is empty; choose another one")
