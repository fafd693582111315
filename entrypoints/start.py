"""Where the program begins, so early that Ctrl-C is answered before anything else is loaded."""

from __future__ import annotations

# Until `run` has begun Python answers Ctrl-C with a traceback: nothing is imported here that takes
# time. The module `signal` does; it adds to this one that the signals' numbers are enumerations.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CANCELLED = 130
MESSAGE = "Cancelled. Nothing is half-written."
RECOVERY = "Run it again to go on."
_end: dict[str, int] = {"code": CANCELLED, "document": False}
_before_leaving: list[Callable[[], None]] = []


def run() -> None:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGINT, _leave)
    import atexit

    atexit.register(_end_cancelled)  # the first to be registered is the last to be called
    from entrypoints import ctrl_c
    from entrypoints.cli.main import run_command

    try:
        ctrl_c.listen(_leave)
        code = run_command()
        # The result stands: a late Ctrl-C must not make a failure of it.
        ctrl_c.ignore()
        if code == CANCELLED:
            # Threads that a strategy has begun would be waited for, however long they take. What
            # others have to do at the end is done; the last of it is `_end_cancelled`.
            atexit._run_exitfuncs()  # noqa: SLF001 - Python has no other name for it
    except KeyboardInterrupt:
        # It was pressed again while the first was being answered, and what that has left to do
        # is done by the next run, as after any other end.
        ctrl_c.ignore()
        _leave()
        return
    _end["code"] = code
    sys.exit(code)


def before_leaving(tidy: Callable[[], None]) -> None:
    """Have `tidy` called where the program ends at once; it may do nothing that takes long."""
    _before_leaving.append(tidy)


def document_begun() -> None:
    """Have no document printed where the program ends at once: standard output holds one."""
    _end["document"] = True


def _end_cancelled() -> None:
    """Give the exit code, at the very end, where Ctrl-C was pressed.

    CPython remembers a Ctrl-C that fell into code compiled from a text, as making a class can
    be, and ends itself by the signal later, though it was answered.
    """
    import contextlib

    from entrypoints import ctrl_c

    if not ctrl_c.was_pressed():
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(_end["code"])


def _leave(*_: object) -> None:
    """End at once: nothing has begun yet, or nothing is left to be done, or to be relied on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for tidy in _before_leaving:
        try:  # noqa: SIM105 - nothing is imported either
            tidy()
        except Exception:  # noqa: BLE001, S110 - nothing keeps the program from ending
            pass
    if "--json" in sys.argv and not _end["document"]:
        error = f'{{"code": "cancelled", "message": "{MESSAGE}", "recovery": "{RECOVERY}"}}'
        os.write(1, f'{{"error": {error}}}\n'.encode())
    os.write(2, f"{MESSAGE}\n{RECOVERY}\n".encode())
    os._exit(CANCELLED)
