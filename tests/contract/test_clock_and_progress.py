"""What every `Clock` and every `Progress` does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.progress import MemoryProgress
from adapters.system.clock import SystemClock
from domain.ports import Clock, Progress
from entrypoints.cli.screen import Screen

CLOCKS: dict[str, Callable[[], Clock]] = {"system": SystemClock, "memory": MemoryClock}
PROGRESSES: dict[str, Callable[[], Progress]] = {
    "screen": Screen,
    "quiet screen": lambda: Screen(quiet=True),
    "memory": MemoryProgress,
}


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_tells_nanoseconds_of_this_century_and_never_runs_back(name: str) -> None:
    clock = CLOCKS[name]()
    first, begun = clock.now(), clock.elapsed()
    assert 946_684_800 * 10**9 < first < 4_102_444_800 * 10**9
    assert clock.now() >= first
    assert clock.elapsed() >= begun


@pytest.mark.parametrize("name", PROGRESSES)
def test_progress_says_nothing_on_stdout(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    progress = PROGRESSES[name]()
    progress.tell("Loading [bold] things")
    with progress.track("Working", 10) as task:
        task.advance(4)
        task.advance(6)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ("Loading [bold] things\n" if name == "screen" else "")


@pytest.mark.parametrize("name", PROGRESSES)
def test_many_operations_can_be_open_and_end_in_any_order(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = PROGRESSES[name]()
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    with first, second:
        one = first.enter_context(progress.track("one", 10))
        other = second.enter_context(progress.track("other", 0))
        one.advance(4)
        first.close()
        other.advance(6)
        with pytest.raises(KeyError), progress.track("failing", 5):
            raise KeyError
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("name", PROGRESSES)
def test_a_sentence_that_stands_is_not_a_result(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = PROGRESSES[name]()
    progress.stand("Retrying in 2 seconds...")
    progress.stand("Retrying in 1 second...")
    progress.stand(None)
    progress.stand(None)
    captured = capsys.readouterr()
    assert captured.out == ""
    told = "Retrying in 2 seconds...\nCtrl-C cancels.\n"
    assert captured.err == (told if name == "screen" else "")


def test_memory_progress_remembers_what_it_was_told() -> None:
    progress = MemoryProgress()
    progress.tell("one")
    with progress.track("Working", 10) as task:
        task.advance(4)
    progress.stand("Retrying in 2 seconds...")
    progress.stand(None)
    assert progress.told == ["one"]
    assert progress.stood == ["Retrying in 2 seconds...", None]
    assert [(t.description, t.total, t.done) for t in progress.tasks] == [("Working", 10, 4)]
