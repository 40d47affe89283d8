"""A server of this process, by default with a model that does nothing, and requests to it."""

import http.client
import json
import threading
import time
from contextlib import contextmanager

from espnet_plugin.serve.options import options_of
from espnet_plugin.serve.queue import Limits, Queue
from espnet_plugin.serve.server import make_server, open_socket
from espnet_plugin.serve.task import run_task
from espnet_plugin.serve.worker import Description
from tests.enhance.idle import Idle


class InThisProcess:
    """Stands for the worker; `hold` lets it begin no task until it is set."""

    def __init__(self, model="semamba_pp", enhancer=None):
        self.model = model
        self.enhancer = enhancer or Idle(gain=0.5)
        self.hold = threading.Event()
        self.hold.set()
        self.tasks = []
        self.kills = 0

    def start(self):
        return Description(self.model, "cpu", options_of(self.model, self.enhancer))

    def run(self, task, told):
        self.tasks.append(task)
        self.hold.wait()
        return run_task(self.enhancer, task, told)

    def kill(self):
        self.kills += 1
        self.hold.set()

    def stop(self):
        self.hold.set()


class Live:
    """Requests to a running server."""

    def __init__(self, host, port, queue, worker, folder):
        self.host, self.port, self.queue, self.worker, self.folder = host, port, queue, worker, folder

    @property
    def url(self):
        return f"http://{self.host}:{self.port}/"

    def ask(self, method, path, body=None, **headers):
        """Status, headers and content of an answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(
                method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def submit(self, content, query=""):
        """The key of an upload."""
        status, _, body = self.ask("POST", f"/jobs{query}", content)
        assert status == 201, body
        return json.loads(body)["key"]

    def state(self, key):
        status, _, body = self.ask("GET", f"/jobs/{key}")
        return json.loads(body) if status == 200 else status

    def wait(self, key, *states):
        """What the server tells of a recording once it is in one of the states."""
        until = time.monotonic() + 30
        while (about := self.state(key))["state"] not in (states or ("done", "failed")):
            assert time.monotonic() < until, about
            time.sleep(0.02)
        return about

    def files(self):
        """Whatever lies in the folder."""
        return [path for path in self.folder.rglob("*") if path.is_file()] if self.folder.is_dir() else []


@contextmanager
def running(folder, limits=Limits(), worker=None, names=()):
    """A `Live` server."""
    worker = worker or InThisProcess()
    folder.mkdir(mode=0o700, parents=True)
    description = worker.start()
    queue = Queue(worker, folder, limits)
    with open_socket("127.0.0.1", 0) as listening:
        server = make_server(queue, description, names)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            yield Live("127.0.0.1", listening.getsockname()[1], queue, worker, folder)
        finally:
            worker.hold.set()
            server.should_exit = True
            thread.join()
            queue.close()
