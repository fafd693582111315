"""Where the program begins, so early that Ctrl-C is answered before anything else is loaded."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Callable

CANCELLED = 130
MESSAGE = "Cancelled. Nothing is half-written."
RECOVERY = "Run it again to go on."
_seen: dict[str, int] = {"interrupt": False, "code": CANCELLED}
_before_leaving: list[Callable[[], None]] = []


def run() -> None:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGINT, _leave)
    atexit.register(_end_cancelled)  # the first to be registered is the last to be called
    from entrypoints.cli.main import run_command

    signal.signal(signal.SIGINT, _interrupt)
    try:
        code = run_command()
    except KeyboardInterrupt:
        # It was pressed again while the first was being answered, and what that has left to do
        # is done by the next run, as after any other end.
        _leave()
        return
    # The result stands: a late Ctrl-C must not make a failure of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _seen["code"] = code
    sys.exit(code)


def was_interrupted() -> bool:
    """Whether Ctrl-C was pressed, though a library may have made another error of it."""
    return bool(_seen["interrupt"])


def before_leaving(tidy: Callable[[], None]) -> None:
    """Have `tidy` called where the program ends at once; it may do nothing that takes long."""
    _before_leaving.append(tidy)


def _interrupt(*_: object) -> None:
    _seen["interrupt"] = True
    raise KeyboardInterrupt


def _end_cancelled() -> None:
    """Give the exit code, at the very end, where Ctrl-C was pressed.

    CPython remembers a Ctrl-C that fell into code compiled from a text, as making a class can
    be, and ends itself by the signal later, though it was answered.
    """
    if not was_interrupted():
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(_seen["code"])


def _leave(*_: object) -> None:
    """End at once: nothing has begun yet, or nothing is left to be done, or to be relied on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for tidy in _before_leaving:
        # Nothing keeps the program from ending.
        with contextlib.suppress(Exception):
            tidy()
    if "--json" in sys.argv:
        error = f'{{"code": "cancelled", "message": "{MESSAGE}", "recovery": "{RECOVERY}"}}'
        os.write(1, f'{{"error": {error}}}\n'.encode())
    os.write(2, f"{MESSAGE}\n{RECOVERY}\n".encode())
    os._exit(CANCELLED)
