"""Sockets, addresses, and what killed servers left."""

import os
import socket
import subprocess
import sys

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.serve.server import PREFIX, address_of, is_loopback, open_socket, remove_leftovers


def test_a_port_that_is_taken():
    with open_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert address_of("127.0.0.1", listening) == f"http://127.0.0.1:{port}/"
        assert address_of("0.0.0.0", listening) == f"http://localhost:{port}/"
        assert address_of("::1", listening) == f"http://[::1]:{port}/"
        with pytest.raises(UserError, match="choose another --port"):
            open_socket("127.0.0.1", port)
    for host, port in (("nowhere.invalid", 0), ("203.0.113.7", 0), ("127.0.0.1", 70000)):
        with pytest.raises(UserError, match="cannot listen"):
            open_socket(host, port)


def test_who_is_reached_from_outside():
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.8.8", "::1")))
    assert not any(
        map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "example.org", socket.gethostname() + ".x"))
    )


def test_leftovers_of_killed_servers(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    names = [
        f"{PREFIX}{done.pid}_abc",
        f"{PREFIX}{os.getpid()}_abc",
        f"{PREFIX}x_abc",
        f"other_{done.pid}_abc",
    ]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "recording").write_bytes(b"x")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
