"""Ctrl-C: no press is lost, whatever code it falls into.

Where Python is told of it, a press is raised as KeyboardInterrupt. Code that is being run then can
lose that: compiled modules do while they are imported, callbacks that cannot raise, a user's
strategy that catches everything. So a press that falls into an import is held for a moment, until
that is left, and what was raised and did not arrive is raised again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# Nautilus is imported in 0.7 s, and on a cold disk in several: not all of that is waited for. One
# of its modules takes 0.1 s.
_HELD_SECONDS = 0.25
_HELD_BY_ONE_SECONDS = 0.5
_AGAIN_SECONDS = 0.05
# Whoever loses so many of them would lose all; with the time held that is within a second.
_MOST_RAISED = 5
# From then on another press ends the program at once.
_PATIENCE_SECONDS = 1.0
_IMPORT_SYSTEM = "<frozen importlib"
# Where there is no such timer, on Windows, a press is raised at once, and once.
_HAS_TIMER = hasattr(signal, "setitimer")


class _Press:
    """The last press: whether there was any, and whether it was answered."""

    def __init__(self) -> None:
        self.came = False
        self.is_open = False
        self.at = 0.0
        self.raised = 0
        self.leave: Callable[[], None] = sys.exit


_press = _Press()


def listen(leave: Callable[[], None]) -> None:
    """Raise KeyboardInterrupt at each press until it is answered; `leave` if it never is."""
    _press.leave = leave
    if hasattr(os, "register_at_fork"):
        # A process that a strategy forks ends as others do, without a word of ours.
        os.register_at_fork(after_in_child=_in_child)
    signal.signal(signal.SIGINT, _pressed)


def _in_child() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ignore() -> None:
    """Let no press, earlier or later, do anything any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answered()


def was_pressed() -> bool:
    """Whether Ctrl-C was ever pressed."""
    return _press.came


def is_unanswered() -> bool:
    """Whether Ctrl-C was pressed, though a library may have made another error of it."""
    return _press.is_open


def answered() -> None:
    """Take the press for answered: whoever calls this sees to it that the program ends."""
    _press.is_open = False
    if _HAS_TIMER:
        signal.setitimer(signal.ITIMER_REAL, 0)


def heed() -> None:
    """Raise what was pressed and has not arrived: what comes next cannot be taken back.

    Raises:
        KeyboardInterrupt: there is such a press.
    """
    if _press.is_open and not _is_under_way():
        raise KeyboardInterrupt


def _pressed(number: int, frame: FrameType | None) -> None:
    del number
    if _press.is_open and time.monotonic() - _press.at >= _PATIENCE_SECONDS:
        # Whoever presses again has waited, and what was raised is lost or held up.
        ignore()
        _press.leave()
    if not _press.is_open:
        _press.came = _press.is_open = True
        _press.at, _press.raised = time.monotonic(), 0
        if _HAS_TIMER:
            # Only now: until then the alarm is a strategy's, if it wants to have one.
            signal.signal(signal.SIGALRM, _again)
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
    _raise(frame)


def _again(number: int, frame: FrameType | None) -> None:
    """Raise the press that is not answered, unless it is on its way to where it will be."""
    del number
    if not _press.is_open or _is_under_way():
        return
    if _press.raised >= _MOST_RAISED:
        ignore()
        _press.leave()
    _raise(frame)


def _raise(frame: FrameType | None) -> None:
    if _HAS_TIMER and _is_held(frame, time.monotonic() - _press.at):
        return
    _press.raised += 1
    raise KeyboardInterrupt


def _is_held(frame: FrameType | None, seconds: float) -> bool:
    """Whether an import is given more time, in which `frame` is what runs now."""
    if seconds >= _HELD_SECONDS:
        # A compiled module has no frame of its own: what runs is what called it.
        return seconds < _HELD_BY_ONE_SECONDS and _is_of_import_system(frame)
    while frame is not None and not _is_of_import_system(frame):
        frame = frame.f_back
    return frame is not None


def _is_of_import_system(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_code.co_filename.startswith(_IMPORT_SYSTEM)


def _is_under_way() -> bool:
    """Whether what runs now is there to put things in order before the program ends.

    That is what `except`, `finally` and `with` do with a KeyboardInterrupt, or with an error that
    was made of it, and with the end of a generator: it must not be broken off.
    """
    error, seen = sys.exc_info()[1], 0
    while error is not None and seen < 100:  # whoever sets the context can make a circle
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            return True
        error, seen = error.__context__, seen + 1
    return False
