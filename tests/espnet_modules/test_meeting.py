"""Processes that wait for the first one; here threads, each with an environment of its own."""

import socket
import threading

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.launch import Launch
from espnet_plugin.espnet_modules.meeting import Meeting


@pytest.fixture
def together():
    """A function that lets three processes do something with their meeting; what each returns or raises."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        port = listener.getsockname()[1]

    def run(act, count=3, **options):
        outcomes = [None] * count

        def process(rank):
            environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            try:
                with Meeting(Launch(rank, count), environment, **options) as meeting:
                    outcomes[rank] = act(rank, meeting, environment)
            except (UserError, ValueError) as error:
                outcomes[rank] = error

        threads = [threading.Thread(target=process, args=(rank,)) for rank in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return outcomes

    return run


def test_the_first_one_computes_and_all_know(together):
    calls = []

    def act(rank, meeting, environment):
        def compute(value):
            calls.append(rank)
            return value

        return meeting.from_first(lambda: compute([rank, "a"])), meeting.from_first(lambda: compute(rank))

    assert together(act) == [([0, "a"], 0)] * 3
    assert calls == [0, 0]


def test_every_training_has_a_port_of_its_own(together):
    def act(rank, meeting, environment):
        ports = [environment["MASTER_PORT"]]
        for _ in range(2):
            meeting.new_port()
            ports.append(environment["MASTER_PORT"])
        return ports, environment["TORCHELASTIC_USE_AGENT_STORE"]

    first, *others = together(act)
    assert len(set(first[0])) == 3 and first[1] == "False"
    assert others == [first, first]


def test_files_of_the_first_one_are_waited_for(together, tmp_path):
    path = tmp_path / "model.pth"

    def act(rank, meeting, environment):
        sizes = meeting.from_first(lambda: {str(path): 5})
        if rank == 0:
            threading.Timer(0.7, path.write_text, ["whole"]).start()
            return None
        meeting.wait_for_files(sizes)
        return path.read_text()

    assert together(act)[1:] == ["whole", "whole"]


def test_folders_that_are_not_shared_are_named(together, tmp_path):
    def act(rank, meeting, environment):
        if rank == 2:
            meeting.wait_for_files({str(tmp_path / "model.pth"): 5})

    assert "process 2 does not see" in str(together(act, patience_s=1.0)[2])


@pytest.mark.parametrize("failing", [0, 1])
def test_those_that_wait_end_with_the_reason_of_the_one_that_failed(together, failing):
    def act(rank, meeting, environment):
        if rank == failing:
            raise ValueError("no space left")
        if rank:
            meeting.from_first(lambda: None)  # which the first one never says
            meeting.from_first(lambda: None)
        else:
            meeting.from_first(lambda: None)

    outcomes = together(act)
    reason = f"process {failing}: no space left"
    assert str(outcomes[failing]) == "no space left"
    assert all(str(outcomes[rank]) == reason for rank in range(1, 3) if rank != failing)


def test_what_broke_because_another_one_failed_ends_with_the_reason_of_that_one(together):
    failed = threading.Event()

    def act(rank, meeting, environment):
        if rank == 0:
            failed.wait(10)
            raise UserError("connection lost")
        if rank == 1:
            raise UserError("the disk is full")
        meeting.from_first(lambda: None)

    def fail(rank, meeting, environment):
        try:
            return act(rank, meeting, environment)
        finally:
            if rank == 1:
                threading.Timer(0.5, failed.set).start()

    assert [str(outcome) for outcome in together(fail)] == [
        "process 1: the disk is full", "the disk is full", "process 1: the disk is full",
    ]  # fmt: skip


def test_a_first_process_that_does_not_come_is_named():
    environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9"}
    with (
        pytest.raises(UserError, match="process 1 cannot meet the first one at 127.0.0.1:9"),
        Meeting(Launch(1, 2), environment, patience_s=1.0),
    ):
        pass


@pytest.mark.parametrize("environment", [{"MASTER_ADDR": "127.0.0.1"}, {"MASTER_PORT": "9"}])
def test_processes_that_do_not_know_where_to_meet(environment):
    message = "need MASTER_ADDR and MASTER_PORT"
    with pytest.raises(UserError, match=message), Meeting(Launch(1, 2), environment):
        pass


def test_one_process_alone_waits_for_nobody():
    environment = {}
    with Meeting(Launch(), environment) as meeting:
        assert meeting.from_first(lambda: (1, 2)) == (1, 2)
        meeting.wait_for_files({"/nowhere": 1})
        meeting.new_port()
    assert environment == {}
