"""Order, places, age and end of tickets."""

import threading
import time

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.serve.queue import DONE, FAILED, WAITING, WORKING, Limits, Queue, QueueFull
from espnet_plugin.serve.task import UPLOAD


class Scripted:
    """A worker whose tasks end when the test says so."""

    def __init__(self):
        self.step = threading.Semaphore(0)
        self.order = []
        self.dead = False
        self.starts = self.stops = 0

    def run(self, task, told):
        self.order.append(task.label)
        told(1.0, 4.0)
        self.step.acquire()
        if self.dead or task.label == "bad":
            self.dead = False
            raise UserError(f"{task.label} failed")
        (task.folder / "enhanced.wav").write_bytes(b"x")
        return f"result of {task.label}"

    def kill(self):
        self.dead = True
        self.step.release()

    def stop(self):
        self.stops += 1

    def start(self):
        self.starts += 1


@pytest.fixture
def worker():
    return Scripted()


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def queue(tmp_path, worker, now):
    (tmp_path / "queue").mkdir()
    queue = Queue(worker, tmp_path / "queue", Limits(places=3, keep_s=60), lambda: now[0])
    yield queue
    worker.dead = False
    worker.step.release(100)
    queue.close()


def submit(queue, label):
    ticket = queue.admit(label, {})
    (ticket.task.folder / UPLOAD).write_bytes(b"x")
    queue.submit(ticket)
    return ticket


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_one_after_the_other(queue, worker, now):
    tickets = [submit(queue, "one")]
    until(lambda: tickets[0].state == WORKING and tickets[0].audio_s == 4.0)
    tickets += [submit(queue, label) for label in ("bad", "three")]
    assert [queue.ahead(ticket) for ticket in tickets[1:]] == [1, 2] and tickets[1].state == WAITING
    now[0] = 107.0
    worker.step.release(3)
    until(lambda: tickets[2].ended_s is not None)
    assert worker.order == ["one", "bad", "three"]
    assert [ticket.state for ticket in tickets] == [DONE, FAILED, DONE]
    assert tickets[0].result == "result of one" and tickets[1].reason == "bad failed"
    assert tickets[0].ended_s - tickets[0].began_s == 7.0
    for ticket in tickets:  # what was uploaded is of no more use
        assert not (ticket.task.folder / UPLOAD).exists()


def test_places_are_taken_from_the_beginning_of_the_upload(queue):
    tickets = [queue.admit(str(number), {}) for number in range(3)]
    with pytest.raises(QueueFull, match="3 recordings are waiting"):
        queue.admit("more", {})
    queue.drop(tickets[0])
    queue.admit("more", {})


def test_keys_and_folders_are_secrets(queue):
    tickets = [queue.admit("../a", {}) for _ in range(3)]
    assert len({ticket.key for ticket in tickets}) == 3 and all(len(ticket.key) >= 32 for ticket in tickets)
    for ticket in tickets:
        assert ticket.task.folder.stat().st_mode & 0o777 == 0o700
        assert ticket.key not in str(ticket.task.folder) and "a" != ticket.task.folder.name
        assert queue.find(ticket.key) is ticket
    assert queue.find("x") is None


def test_old_results_are_removed(queue, worker, now):
    first, second = submit(queue, "first"), submit(queue, "bad")
    worker.step.release(2)
    until(lambda: second.ended_s is not None)
    waiting = queue.admit("waits", {})
    now[0] = 159.0
    queue.sweep()
    assert queue.find(first.key) and first.task.folder.is_dir()
    now[0] = 161.0
    queue.sweep()
    assert queue.find(first.key) is None is queue.find(second.key)
    assert not first.task.folder.exists() and not second.task.folder.exists()
    assert queue.find(waiting.key) is waiting and waiting.task.folder.is_dir()


def test_dropping_breaks_the_work_off(queue, worker):
    first, second, third = (submit(queue, label) for label in ("first", "second", "third"))
    until(lambda: first.state == WORKING)
    queue.drop(second)
    assert not second.task.folder.exists() and worker.starts == 0
    queue.drop(first)
    until(lambda: third.state == WORKING)
    assert not first.task.folder.exists() and queue.find(first.key) is None
    assert worker.starts == 1  # at once, for the next one
    worker.step.release()
    until(lambda: third.state == DONE)
    assert worker.order == ["first", "third"]


def test_closing_removes_everything(tmp_path, worker):
    folder = tmp_path / "other"
    folder.mkdir()
    queue = Queue(worker, folder, Limits())
    ticket = submit(queue, "one")
    submit(queue, "two")
    until(lambda: ticket.state == WORKING)
    queue.close()
    assert not folder.exists() and worker.stops == 1 and worker.order == ["one"]
