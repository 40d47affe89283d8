"""Where the processes of one start wait for the first of them, before and between trainings."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.launch import Launch

_POLL_S = 0.3
_FAREWELL_S = 1.0  # for the others to read why the first one ends
_FAILED, _ARRIVED = "failed", "arrived"


class Meeting:
    """Processes that train several networks one after the other.

    What the first process writes between two trainings the others wait for, and each training gets a port of
    its own, as processes cannot meet twice at the same. Where one fails, those that wait end with its reason.
    A context; within it ``environment`` is changed. A process that is alone waits for nobody.

    Args:
        launch: where this process stands.
        environment: of this process, where torch looks for the port.
        patience_s: how long the first process may take to appear, and its files to be seen here.
    """

    def __init__(
        self, launch: Launch, environment: MutableMapping[str, str] = os.environ, patience_s: float = 300.0
    ) -> None:
        self.launch = launch
        self._environment = environment
        self._patience_s = patience_s
        self._store: Any = None
        self._shared = 0

    def __enter__(self) -> "Meeting":
        if self.launch.count == 1:
            return self
        import torch.distributed

        self._address = self.launch.address or self._environment.get("MASTER_ADDR")
        port = self.launch.port or int(self._environment.get("MASTER_PORT", "0"))
        if not self._address or not port:
            raise UserError("several processes need MASTER_ADDR and MASTER_PORT, where they meet")
        # torchrun has opened a store; otherwise the first process does.
        opened = self._environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
        try:
            store = torch.distributed.TCPStore(
                self._address,
                port,
                is_master=self.launch.leads and not opened,
                timeout=timedelta(seconds=self._patience_s),
                wait_for_workers=False,
            )
        except RuntimeError as error:
            raise UserError(
                f"process {self.launch.rank} cannot meet the first one at {self._address}:{port} "
                f"({str(error).splitlines()[0]}); see what that one says, or set MASTER_PORT to a free port"
            ) from error
        # What torchrun starts again after a failure is not to read what was said before.
        attempt = self._environment.get("TORCHELASTIC_RESTART_COUNT", "0")
        self._store = torch.distributed.PrefixStore(f"meeting{attempt}", store)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is None:
            return
        if error is None:
            self._wait_for_all()  # nobody can ask the first process once it has gone
            return
        reason = self._failure()
        if reason is None:
            with contextlib.suppress(RuntimeError):  # the first process has gone
                self._store.set(_FAILED, f"process {self.launch.rank}: {error or kind.__name__}")
        if self.launch.leads:
            time.sleep(_FAREWELL_S)
        if isinstance(error, UserError) and reason and reason != str(error):
            # What broke here is only that the other one was gone.
            raise UserError(reason) from error

    def from_first(self, compute: Callable[[], Any]) -> Any:
        """What ``compute`` returns in the first process, the only one that calls it.

        Args:
            compute: returns something that JSON can hold.

        Raises:
            UserError: another process has failed; names it and the reason.
        """
        if self._store is None:
            return compute()
        self._shared += 1
        key = f"shared{self._shared}"
        if self.launch.leads:
            value = compute()
            self._store.set(key, json.dumps(value))
            return value
        self._wait(lambda: self._store.check([key]))
        return json.loads(self._store.get(key))

    def new_port(self) -> None:
        """Let the processes of the next training meet at a port that is free."""
        if self._store is None:
            return
        port = self.from_first(_free_port)
        changes = {"MASTER_ADDR": self._address, "MASTER_PORT": str(port)}
        self._environment.update({**changes, "TORCHELASTIC_USE_AGENT_STORE": "False"})

    def wait_for_files(self, sizes: Mapping[str, int]) -> None:
        """Wait until this machine sees what the first process has written: network drives tell late.

        Args:
            sizes: of files in bytes.

        Raises:
            UserError: another process has failed, or the files do not appear.
        """
        if self._store is None:
            return
        until = time.monotonic() + self._patience_s
        for path, size in sizes.items():

            def is_seen(path: Path = Path(path), size: int = size) -> bool:
                if time.monotonic() > until:
                    raise UserError(
                        f"process {self.launch.rank} does not see {path}, which the first one has written; "
                        "all machines need the same folders"
                    )
                return path.is_file() and path.stat().st_size == size

            self._wait(is_seen)

    def _wait_for_all(self) -> None:
        if not self.launch.leads:
            with contextlib.suppress(RuntimeError):  # the first process has gone, and says why
                self._store.add(_ARRIVED, 1)
        else:
            there = self._store.add(_ARRIVED, 1)
            until = time.monotonic() + self._patience_s
            while there < self.launch.count and time.monotonic() < until:
                if self._failure():
                    time.sleep(_FAREWELL_S)
                    return
                time.sleep(_POLL_S)
                there = self._store.add(_ARRIVED, 0)

    def _wait(self, is_over: Callable[[], bool]) -> None:
        try:
            while not is_over():
                if reason := self._failure():
                    raise UserError(reason)
                time.sleep(_POLL_S)
        except RuntimeError as error:
            raise UserError("the first process has ended; see what it says") from error

    def _failure(self) -> str | None:
        try:
            return self._store.get(_FAILED).decode() if self._store.check([_FAILED]) else None
        except RuntimeError:  # the first process has gone
            return None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("", 0))
        return listener.getsockname()[1]
