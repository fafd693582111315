"""The program as a whole in a fork of the warm process, and what makes it end on the way."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapters.memory.progress import MemoryProgressTask
from domain.ports import ProgressTask
from domain.publishing import Step

_ENDED = "Ended"


def program(words: list[str], notes: str, at: Mapping[str, Any] | None = None) -> int:
    """Run `barledger` as a user's shell does, which answers Ctrl-C in its own way.

    What it tells of its progress stands in the file `notes`, a line for each operation that it
    begins. `at` names one, as the first word of its description, and how often it must have
    advanced before `signal` comes.
    """
    from entrypoints import start
    from entrypoints.cli.screen import Screen

    def track(self: Screen, description: str, total: int) -> Any:
        del self
        return _noted(Path(notes), description, total, at or {})

    Screen.track = track  # type: ignore[method-assign] # this process is the test's own
    sys.argv = ["barledger", *words]
    try:
        start.run()
    except SystemExit as ended:
        return int(ended.code or 0)
    raise AssertionError("the program always leaves by itself")


def impatient(words: list[str], notes: str) -> int:
    """Run `barledger` for somebody who presses Ctrl-C again while the first is answered."""
    from entrypoints import logs

    log = logs.log

    def pressed_again(event: str, **details: Any) -> None:
        if event == "failed":
            os.kill(os.getpid(), signal.SIGINT)
        log(event, **details)

    logs.log = pressed_again
    at = {"operation": "Checking", "nth": 1, "signal": signal.SIGINT}
    return program(words, notes, at)


def beside(words: list[str], notes: str, other: str, second: bool, die_at: int) -> int:
    """Run `barledger` beside another process that notes its progress in `other`.

    The first of the two has the lock, and waits until the `second` has checked its file and is
    about to compare it with what is held. It dies after `die_at` renames, where that is not 0.
    """
    from dependency_injector import providers

    from entrypoints.container import Container

    renamed = 0

    def on_step(step: Step) -> None:
        nonlocal renamed
        if step is Step.LOCKED and not second:
            _note(Path(notes), "Locked")
            _await(Path(other), "Checking done")
        renamed += step is Step.RENAMED
        if die_at and renamed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    Container.on_step.override(providers.Object(on_step))
    if second:
        _await(Path(other), "Locked")
    try:
        return program(words, notes)
    finally:
        _note(Path(notes), _ENDED)


def _await(notes: Path, line: str) -> None:
    """Wait until the other process has noted `line`, which it never will once it has ended."""
    while line not in (told := notes.read_text().splitlines() if notes.exists() else []):
        assert _ENDED not in told, f"the other process ended without {line!r}"
        time.sleep(0.005)


@contextlib.contextmanager
def _noted(
    notes: Path, description: str, total: int, at: Mapping[str, Any]
) -> Iterator[ProgressTask]:
    operation = description.split(" ", 1)[0]
    _note(notes, operation)
    yield _Task(description, total, at if at.get("operation") == operation else {})
    _note(notes, f"{operation} done")


def _note(notes: Path, line: str) -> None:
    with notes.open("a") as file:
        file.write(f"{line}\n")


class _Task(MemoryProgressTask):
    def __init__(self, description: str, total: int, at: Mapping[str, Any]) -> None:
        super().__init__(description, total)
        self._at, self._advanced = at, 0

    def advance(self, steps: int) -> None:
        super().advance(steps)
        self._advanced += 1
        if self._advanced == self._at.get("nth"):
            os.kill(os.getpid(), self._at["signal"])
