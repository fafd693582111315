"""Ctrl-C and kill -9 at any moment of a fetch: finished days stay, and the same command goes on."""

from __future__ import annotations

import contextlib
import os
import random
import select
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator

import attrs
import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from adapters.simulated_gateway.requests import (
    CANCEL_HISTORY,
    CONTRACT_DETAILS,
    HEAD_TIMESTAMP,
    HISTORY,
)
from adapters.simulated_gateway.server import SimulatedGateway
from domain.events import FetchAborted, FetchCompleted, FetchStarted
from tests.acceptance.terminal import Terminal
from tests.cli import Cli
from tests.faults.fetches import (
    PATIENCE,
    Running,
    all_rows,
    asked,
    events,
    gateway,
    held,
    named,
    series,
    served,
    until,
    wanted,
)
from tests.faults.state import Rows, assert_tidy, assert_unbroken

SEED = int(os.environ.get("BARLEDGER_TEST_SEED") or random.SystemRandom().randrange(2**32))
CANCELLED = 130
# Nobody waits for so long; what it really takes is printed.
BOUND = 10.0
(NAME,) = named(1)
# Between two holidays: 57 sessions, which are asked for by three questions of up to 20.
FIRST, LAST = "2023-09-05", "2023-11-22"
SESSIONS_PER_QUESTION = 20
BARS = served([NAME], FIRST, LAST)
ROWS = all_rows(BARS)[series(NAME)]


def _silence(stage: Stage, after: int = 0) -> Fault:
    return Fault(FaultKind.SILENCE, stage, after, ALWAYS)


@attrs.frozen
class Moment:
    """When Ctrl-C is pressed: as soon as so many requests of a kind are there, or a text is shown.

    `questions` is how many questions were answered before, None where none was asked;
    `untold` are requests that IBKR has no cancel for.
    """

    faults: tuple[Fault, ...]
    message: int
    count: int = 1
    shown: str = ""
    questions: int | None = None
    untold: tuple[int, ...] = ()

    def has_come(self, at: SimulatedGateway, shown: str, cli: Cli) -> bool:
        if len(at.requests(self.message)) < self.count or self.shown not in shown:
            return False
        return self.questions is None or _has_begun(cli, self.questions)


_PACING = Fault(FaultKind.PACING_162, Stage.HISTORY, 1, ALWAYS)
MOMENTS = {
    "resolving": Moment((_silence(Stage.RESOLVE),), CONTRACT_DETAILS, untold=(CONTRACT_DETAILS,)),
    "asking for the history's start": Moment((_silence(Stage.HEAD),), HEAD_TIMESTAMP),
    "waiting for the first answer": Moment((_silence(Stage.HISTORY),), HISTORY, 3, questions=0),
    "waiting for the last answer": Moment((_silence(Stage.HISTORY, 2),), HISTORY, 3, questions=2),
    "in a countdown": Moment((_PACING,), HISTORY, 2, "Retrying in", questions=1),
}
"""The moments at which it waits for the gateway."""


def _words(port: int) -> tuple[str, ...]:
    return (*wanted([NAME], FIRST, LAST), "--port", str(port))


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_by_signal(moment: Moment, cli: Cli) -> None:
    with gateway(BARS, moment.faults) as at:
        with Running(cli, "cancelled", *_words(at.port)) as fetch:
            fetch.until(lambda: moment.has_come(at, fetch.err, cli))
            took = fetch.press()
            print(f"{took:.2f} s from Ctrl-C to the end")
            assert fetch.process.returncode == CANCELLED, fetch.err
            assert "Cancelled. Nothing is half-written." in fetch.err
            assert "Traceback" not in fetch.err
        assert took < BOUND
        _assert_left(at, moment, cli)
        _assert_same_command_finishes(at, cli)


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_at_a_terminal(moment: Moment, cli: Cli) -> None:
    with gateway(BARS, moment.faults) as at:
        terminal = Watched(cli, *_words(at.port))
        with contextlib.closing(terminal):
            terminal.watch_until(lambda: moment.has_come(at, terminal.shown, cli))
            assert terminal.cancel() == CANCELLED, terminal.shown
            assert "Cancelled. Nothing is half-written." in terminal.shown
            assert "Traceback" not in terminal.shown
        _assert_left(at, moment, cli)
        _assert_same_command_finishes(at, cli)


class Watched(Terminal):
    """A terminal that somebody looks at who waits for something else."""

    def watch_until(self, true: Callable[[], object]) -> None:
        """Take in what is shown until something is true."""
        ends = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < ends, self.shown
            if select.select([self._screen], [], [], 0.01)[0]:
                assert self._take(), f"it has ended: {self.shown}"


def _has_begun(cli: Cli, questions: int) -> bool:
    """Whether the ledger says that bars are fetched, and those of so many questions are held."""
    if not (cli.catalog / "ledger.db").exists() or not events(cli.catalog, FetchStarted):
        return False
    return len(_held(cli)) >= _bars_of(questions)


def _held(cli: Cli) -> Rows:
    """Return the bars that are held, none where no ledger is."""
    if not (cli.catalog / "ledger.db").exists():
        return {}
    return held(cli.catalog).get(series(NAME), {})


def _bars_of(questions: int) -> int:
    """Return how many bars the first questions have."""
    return questions * SESSIONS_PER_QUESTION * 390


def _assert_left(at: SimulatedGateway, moment: Moment, cli: Cli) -> None:
    """Hold that the gateway works for nobody any more, and that finished days are kept."""
    until(lambda: not at.connected_clients)
    assert at.open_requests == ()
    assert tuple(one.message for one in at.abandoned_requests) == moment.untold
    if moment.questions is None:
        assert _held(cli) == {}
        return
    rows = _held(cli)
    assert len(rows) == _bars_of(moment.questions)
    assert rows.items() <= ROWS.items()
    assert_tidy(cli.catalog)
    (aborted,) = events(cli.catalog, FetchAborted)
    assert aborted.bars == len(rows)
    assert aborted.sessions == moment.questions * SESSIONS_PER_QUESTION
    assert "Ctrl-C" in aborted.problem
    assert len(at.requests(CANCEL_HISTORY)) == (0 if moment.shown else 3 - moment.questions)


def _assert_same_command_finishes(at: SimulatedGateway, cli: Cli) -> None:
    """Run the command again, which asks for what is not held alone."""
    at.set_faults()
    before, rows = len(at.history_requests()), len(_held(cli))
    with Running(cli, "again", *_words(at.port)) as fetch:
        fetch.succeeded()
    questions = asked(at.history_requests()[before:])
    assert set(questions.values()) == {1}
    assert len(questions) == 3 - rows // _bars_of(1)
    assert _held(cli) == ROWS
    assert_tidy(cli.catalog)
    assert_unbroken(cli.catalog)
    assert len(events(cli.catalog, FetchCompleted)) == 1
    started, ended = len(events(cli.catalog, FetchStarted)), len(events(cli.catalog, FetchAborted))
    assert started == ended + 1


@contextlib.contextmanager
def _silent_port() -> Iterator[tuple[int, socket.socket]]:
    """Listen as a gateway does that is not logged in: who connects hears nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server.getsockname()[1], server


def test_while_it_connects_to_a_port_that_says_nothing(cli: Cli) -> None:
    with _silent_port() as (port, server), Running(cli, "cancelled", *_words(port)) as fetch:
        connection, _ = server.accept()
        with connection:
            took = fetch.press()
        print(f"{took:.2f} s from Ctrl-C to the end")
        assert fetch.process.returncode == CANCELLED, fetch.err
        assert "Cancelled. Nothing is half-written." in fetch.err
        assert took < BOUND
    assert _held(cli) == {}


def test_while_it_waits_for_another_process(cli: Cli) -> None:
    with (
        gateway(BARS, [_silence(Stage.HISTORY)]) as at,
        Running(cli, "first", *_words(at.port)) as first,
    ):
        first.until(lambda: at.requests(HISTORY))
        with Running(cli, "second", *_words(at.port)) as second:
            second.until(lambda: "Another barledger is fetching" in second.err)
            assert second.press() < BOUND
            assert second.process.returncode == CANCELLED, second.err
        # The other goes on as if nothing had been.
        assert first.process.poll() is None
        assert first.press() < BOUND
        _assert_same_command_finishes(at, cli)


@pytest.mark.parametrize("count", [3, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kills", [False, True], ids=["Ctrl-C", "kill -9"])
def test_at_any_moment(kills: bool, count: int, cli: Cli) -> None:
    print(f"BARLEDGER_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    ends: Counter[str] = Counter()
    longest, whole = 0.0, 3.0
    with gateway(BARS) as at:
        for place in range(count):
            inner = Cli(cli.folder / f"run{place}")
            inner.folder.mkdir()
            seen = len(at.seen)
            with Running(inner, "cancelled", *_words(at.port)) as fetch:
                # Most of the time is gone before anything is asked: wait for that, or not.
                if chance.random() < 0.8:
                    fetch.until(lambda seen=seen: len(at.seen) > seen)
                    wait = chance.uniform(0, 0.6)
                else:
                    wait = chance.uniform(0, whole)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    fetch.process.wait(wait)
                if kills:
                    fetch.kill()
                else:
                    longest = max(longest, fetch.press())
                code = fetch.process.returncode
            rows = _held(inner)
            ends[f"code {code}, {len(rows) // 390} sessions"] += 1
            assert code == 0 or (kills and code == -9) or code == CANCELLED, fetch.err
            assert "Traceback" not in fetch.err
            assert rows.items() <= ROWS.items()
            assert len(rows) % 390 == 0
            until(lambda: not at.connected_clients)
            before = len(at.history_requests())
            with Running(inner, "again", *_words(at.port)) as again:
                again.succeeded()
            assert set(asked(at.history_requests()[before:]).values()) <= {1}
            assert len(at.history_requests()) - before == -(-(len(ROWS) - len(rows)) // 7_800)
            assert _held(inner) == ROWS
            assert_tidy(inner.catalog)
            assert_unbroken(inner.catalog)
        assert at.open_requests == ()
        if not kills:
            assert HISTORY not in {one.message for one in at.abandoned_requests}
    print(f"{longest:.2f} s at the longest:", *sorted(ends.items()), sep="\n  ")
    assert longest < BOUND
