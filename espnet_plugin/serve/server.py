"""The server: a socket, a temporary folder, a worker, and their end."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from espnet_plugin.errors import UserError
from espnet_plugin.serve.application import Application
from espnet_plugin.serve.guard import Guard
from espnet_plugin.serve.queue import Limits, Queue
from espnet_plugin.serve.worker import Description, Worker

if TYPE_CHECKING:
    from espnet_plugin.enhance.workers import Model

PREFIX = "urgent26_serve_"


def serve(
    choose: Callable[[], Model],
    limits: Limits,
    host: str = "127.0.0.1",
    port: int = 7860,
    names: Collection[str] = (),
    ready: Callable[[str, Description], object] = lambda url, description: None,
) -> None:
    """Serve the page until the process is told to end.

    Args:
        choose: gives the model that enhances; of a module, so that it can be sent to a process.
        limits: what visitors may do.
        host, port: to listen at; port 0 takes a free one.
        names: under which the page is known, besides localhost and addresses.
        ready: called with the address and the model once both are there.

    Raises:
        UserError: the address or the model cannot be had.
    """
    with (
        open_socket(host, port) as listening,
        tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}_") as folder,
    ):
        remove_leftovers(Path(folder).parent)
        worker = Worker(choose)
        description = worker.start()
        queue = Queue(worker, Path(folder), limits)
        try:
            server = make_server(queue, description, names if is_address(host) else (*names, host))
            ready(address_of(host, listening), description)
            server.run(sockets=[listening])
        finally:
            queue.close()


def make_server(queue: Queue, description: Description, names: Collection[str] = ()) -> uvicorn.Server:
    """The web server; see `serve`."""
    return uvicorn.Server(
        uvicorn.Config(
            Guard(Application(queue, description).build(), names),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=100,
            timeout_graceful_shutdown=2,
        )
    )


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        UserError: the address is taken, or none of this machine.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot listen at {host}, port {port}: {why}; choose another --port or --host"
        ) from error


def address_of(host: str, listening: socket.socket) -> str:
    """What to type into a browser on this machine."""
    shown = "localhost" if is_address(host) and ipaddress.ip_address(host).is_unspecified else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}/"


def is_address(host: str) -> bool:
    """Whether a host is given by its address."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed servers of this user left."""
    for leftover in folder.glob(f"{PREFIX}*_*"):
        process = leftover.name.removeprefix(PREFIX).partition("_")[0]
        try:
            if leftover.stat().st_uid == os.getuid() and process.isdecimal():
                os.kill(int(process), 0)
        except ProcessLookupError:
            shutil.rmtree(leftover, ignore_errors=True)
        except OSError:
            continue
