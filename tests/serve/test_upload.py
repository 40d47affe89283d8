"""Bodies of requests on their way to disk."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from espnet_plugin.errors import UserError
from espnet_plugin.serve.upload import TooLarge, receive_upload


def upload(path, messages, limit_bytes=100, stall_s=10.0, **headers):
    """Receive some messages of a server; how many were read."""
    read = 0

    async def receive():
        nonlocal read
        if read == len(messages):
            await asyncio.sleep(60)
        read += 1
        return messages[read - 1]

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": "POST", "headers": pairs}, receive)
    try:
        asyncio.run(receive_upload(request, path, limit_bytes, stall_s))
    finally:
        upload.read = read


def body(*pieces):
    return [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces] + [
        {"type": "http.request", "body": b"", "more_body": False}
    ]


@given(pieces=st.lists(st.binary(max_size=40), max_size=8))
def test_pieces_arrive_as_they_are_or_are_too_many(tmp_path_factory, pieces):
    path = tmp_path_factory.mktemp("upload") / "recording"
    whole = b"".join(pieces)
    if not whole:
        with pytest.raises(UserError, match="empty"):
            upload(path, body(*pieces))
    elif len(whole) > 100:
        with pytest.raises(TooLarge):
            upload(path, body(*pieces))
        assert path.stat().st_size <= 100
    else:
        upload(path, body(*pieces))
        assert path.read_bytes() == whole


def test_no_more_is_read_than_needed(tmp_path):
    with pytest.raises(TooLarge):
        upload(tmp_path / "a", body(*[b"x" * 60] * 50))
    assert upload.read == 2
    with pytest.raises(TooLarge, match="0.0001 MB"):
        upload(tmp_path / "b", body(b"x"), content_length="101")
    assert upload.read == 0 and not (tmp_path / "b").exists()


def test_pauses_forms_and_visitors_who_leave(tmp_path):
    with pytest.raises(UserError, match="nothing came for 0.05 s"):
        upload(tmp_path / "a", body(b"x")[:1], stall_s=0.05)
    with pytest.raises(UserError, match="curl --data-binary"):
        upload(tmp_path / "b", body(b"x"), content_type="multipart/form-data; boundary=x")
    with pytest.raises(ClientDisconnect):
        upload(tmp_path / "c", [*body(b"x")[:1], {"type": "http.disconnect"}])
    with pytest.raises(FileExistsError):
        upload(tmp_path / "a", body(b"y"))
