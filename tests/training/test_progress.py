"""Progress: plain lines elsewhere than on a terminal, estimates from the pace of this run."""

import io

import pytest

from espnet_plugin.training.progress import TrainingProgress, in_words


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.mark.parametrize(
    "duration_s, words", [(3.2, "3 s"), (89, "89 s"), (100, "2 min"), (5340, "89 min"), (5700, "1 h 35 min")]
)
def test_durations(duration_s, words):
    assert in_words(duration_s) == words


def run_epochs(first, last, of, step_s=1.0, steps=10):
    clock, stream = Clock(), io.StringIO()
    progress = TrainingProgress(of, stream=stream, interval_s=25.0, clock=clock)
    for epoch in range(first, last + 1):
        seen = []
        for batch in progress.steps(range(steps), epoch, lambda: 0.5):
            seen.append(batch)
            clock.now_s += step_s
        assert seen == list(range(steps))
        progress.epoch_done(epoch, train_loss=0.5, valid_loss=1.0 / epoch)
    return progress, stream.getvalue().splitlines()


def test_one_line_per_short_epoch():
    _, lines = run_epochs(1, 2, of=4)
    assert lines == [
        "epoch 1/4: train 0.5000, valid 1.0000 (best so far), 30 s left",
        "epoch 2/4: train 0.5000, valid 0.5000 (best so far), 20 s left",
    ]


def test_long_epochs_show_some_steps():
    _, lines = run_epochs(1, 1, of=1, step_s=10.0)
    assert lines[0] == "epoch 1/1: step 3/10, loss 0.5000, 70 s left"
    assert len(lines) == 4


def test_a_resumed_run_does_not_count_what_was_done_before():
    _, lines = run_epochs(8, 8, of=10)
    assert lines[-1].endswith("20 s left")


def test_length_is_passed_on():
    progress = TrainingProgress(1, stream=io.StringIO())
    assert len(progress.steps([1, 2, 3], 1, lambda: None)) == 3
    assert list(progress.steps(iter([1, 2]), 1, lambda: None)) == [1, 2]
