"""What every `Clock` and every `Progress` does."""

from __future__ import annotations

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


def test_memory_progress_remembers_what_it_was_told() -> None:
    progress = MemoryProgress()
    progress.tell("one")
    with progress.track("Working", 10) as task:
        task.advance(4)
    assert progress.told == ["one"]
    assert [(t.description, t.total, t.done) for t in progress.tasks] == [("Working", 10, 4)]
