"""A process that has everything imported, and forks one that changes a catalog and may be killed.

So hundreds of real processes can run, and die, without a second of start-up each. The fork has
handles of its own: nothing of a catalog is open when it begins.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import attrs

from domain.publishing import Step
from entrypoints.start import CANCELLED
from tests.builders import AAPL

ROOT = Path(__file__).parents[2]
_PACKAGES = (
    "adapters.calendars",
    "adapters.csv",
    "adapters.parquet",
    "adapters.sqlite",
    "adapters.system",
    "application",
    "entrypoints.cli",
)
_LIBRARIES = ("pandas_market_calendars", "pyarrow.parquet", "rich.progress", "sqlite_utils")


@attrs.frozen
class Death:
    """How a forked process ended: its exit code, or minus the signal; and the steps it took.

    `seconds` ran from the fork to its end, `publishing` from the lock to the end.
    """

    code: int
    steps: tuple[Step, ...]
    out: str
    err: str
    seconds: float
    publishing: float

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def committed(self) -> bool:
        return Step.COMMITTED in self.steps

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def succeeded(self) -> Death:
        assert self.code == 0, (self.code, self.steps, self.out, self.err)
        return self


@attrs.frozen
class KillAt:
    """Get a signal as soon as a step has been taken for the nth time, counted from 1."""

    step: Step
    nth: int = 1
    signal: signal.Signals = signal.SIGKILL


@attrs.frozen
class KillAfter:
    """Get a signal from outside so many seconds after the fork, or after the lock was taken.

    It comes `again` so many seconds later, where that is a number.
    """

    seconds: float
    from_lock: bool = True
    signal: signal.Signals = signal.SIGKILL
    again: float | None = None


class Warm:
    """The test's end of it. `folder` takes the output of the processes.

    `prefix` is a command that runs the rest of its line, such as `nsenter`.
    """

    def __init__(self, folder: Path, prefix: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._server = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.faults.warm"],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        assert self._answer() == {"ready": True}
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def call(self, job: str, kill: KillAt | KillAfter | None = None, /, **arguments: Any) -> Death:
        """Run `module:function` of `tests/faults` with `arguments` in a process of its own."""
        request = {"job": job, "arguments": arguments, "kill": _plan(kill)}
        answer = self._ask({**request, "folder": str(self._folder)})
        return Death(
            answer["code"],
            tuple(map(Step, answer["steps"])),
            (self._folder / "out").read_text(),
            (self._folder / "err").read_text(),
            answer["seconds"],
            answer["publishing"],
        )

    def barledger(
        self, catalog: Path, *arguments: str | Path, kill: KillAt | KillAfter | None = None
    ) -> Death:
        """Run a command on `catalog`."""
        words = [*map(str, arguments), "--catalog", str(catalog)]
        return self.call("tests.faults.warm:command", kill, words=words)

    def start(self, job: str, **arguments: Any) -> int:
        """Start a job and return its process's id; nothing of its output is kept."""
        pid: int = self._ask({"job": job, "arguments": arguments, "wait": False})["pid"]
        return pid

    def wait(self, pid: int) -> int:
        """Return the exit code of a process that was started."""
        code: int = self._ask({"wait_for": pid})["code"]
        return code

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._server.stdin
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._server.stdout
        line = self._server.stdout.readline()
        assert line, "the warm process has died"
        found: dict[str, Any] = json.loads(line)
        return found


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BARLEDGER_")}
    # A library's threads would not be there in the fork, so it must not have begun any.
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def _plan(kill: KillAt | KillAfter | None) -> dict[str, Any] | None:
    if isinstance(kill, KillAt):
        return {"step": kill.step.value, "nth": kill.nth, "signal": kill.signal}
    return attrs.asdict(kill) if kill else None


# What runs in the warm process and in its forks.


def command(words: list[str]) -> int:
    """Run `barledger` as its own process would."""
    from entrypoints.cli.main import main

    return main(words)


def _serve() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # pyarrow has a thread; it takes no lock
    _warm_up()
    _say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        if "wait_for" in request:
            _say({"code": _ended(request["wait_for"])})
        elif request.get("wait", True):
            _say(_run(request))
        else:
            _say({"pid": _fork(request, None)})


def _warm_up() -> None:
    for name in _PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(name).__path__):
            importlib.import_module(f"{name}.{module.name}")
    for name in _LIBRARIES:
        importlib.import_module(name)
    from dependency_injector import providers

    from adapters.calendars.market_calendars import MarketCalendars
    from entrypoints.container import Container

    calendars = MarketCalendars()
    calendars.sessions(AAPL.instrument_id, dt.date(2023, 1, 1), dt.date(2024, 12, 31), None)
    Container.calendar.override(providers.Object(calendars))


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _run(request: Mapping[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    started = time.perf_counter()
    pid = _fork(request, writing)
    os.close(writing)
    steps, locked = _watch(pid, reading, started, request["kill"] or {})
    os.close(reading)
    code, ended = _ended(pid), time.perf_counter()
    return {
        "code": code,
        "steps": steps,
        "seconds": ended - started,
        "publishing": ended - locked if locked else 0.0,
    }


def _watch(
    pid: int, reading: int, started: float, kill: Mapping[str, Any]
) -> tuple[list[str], float | None]:
    """Gather the names of the steps until the process has ended, and kill it when it is due."""
    text, locked = b"", None
    while True:
        due = _due(kill, started, locked)
        timeout = None if due is None else max(0.0, due - time.perf_counter())
        if not select.select([reading], [], [], timeout)[0]:
            os.kill(pid, kill["signal"])
            kill = _next(kill)
            continue
        some = os.read(reading, 4096)
        if not some:
            return text.decode().split(), locked
        text += some
        if locked is None and Step.LOCKED.value in text.decode().split():
            locked = time.perf_counter()


def _next(kill: Mapping[str, Any]) -> Mapping[str, Any]:
    if kill["again"] is None:
        return {}
    return {**kill, "seconds": kill["seconds"] + kill["again"], "again": None}


def _due(kill: Mapping[str, Any], started: float, locked: float | None) -> float | None:
    if "seconds" not in kill:
        return None
    begin = locked if kill["from_lock"] else started
    return None if begin is None else begin + float(kill["seconds"])


def _fork(request: Mapping[str, Any], steps: int | None) -> int:
    # The fork answers Ctrl-C by itself from its first moment on, not as the warm process would.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        return pid
    signal.signal(signal.SIGINT, lambda *_: os._exit(CANCELLED))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    code = 99
    try:
        with _output(request.get("folder")):
            _observe(steps, request.get("kill") or {})
            module, name = request["job"].split(":")
            job = getattr(importlib.import_module(module), name)
            code = job(**request["arguments"]) or 0
    except BaseException:  # noqa: BLE001 - the fork must never go on as the warm process
        traceback.print_exc()
    finally:
        os._exit(code)


@contextlib.contextmanager
def _output(folder: str | None) -> Iterator[None]:
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    for place, name in ((1, "out"), (2, "err")):
        path = os.path.join(folder, name) if folder else os.devnull  # noqa: PTH118
        if folder or place == 1:
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), place)
    yield
    sys.stdout.flush()
    sys.stderr.flush()


def _observe(steps: int | None, kill: Mapping[str, Any]) -> None:
    """Have the container's parts tell each step to the warm process, and die where it is due."""
    from dependency_injector import providers

    from entrypoints.container import Container

    if steps is not None:
        Container.on_step.override(providers.Object(watcher(steps, kill)))


def watcher(steps: int, kill: Mapping[str, Any]) -> Callable[[Step], None]:
    """Return an `on_step` that names each step on a pipe."""
    seen = 0

    def on_step(step: Step) -> None:
        nonlocal seen
        os.write(steps, f"{step.value}\n".encode())
        if step.value == kill.get("step"):
            seen += 1
            if seen == kill["nth"]:
                os.kill(os.getpid(), kill["signal"])

    return on_step


if __name__ == "__main__":
    _serve()
