"""`barledger fetch` as a user's process, beside a gateway that the test looks into."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.calendars.market_calendars import MarketCalendars
from adapters.simulated_gateway.faults import Fault
from adapters.simulated_gateway.history_request import HistoryRequest
from adapters.simulated_gateway.market import Market, con_id_of, listing_of
from adapters.simulated_gateway.server import SimulatedGateway
from domain.bar_type import BarType
from domain.bars import Bars
from domain.events import Event
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from tests.builders import session_bars, utc
from tests.cli import Cli
from tests.faults.state import Rows, opened, rows_of, state_of

# Whoever waits in vain must be told; nothing here takes a tenth of it.
PATIENCE = 120.0
NOW = utc("2024-12-31T22:00:00")
CALENDARS = MarketCalendars()  # what it knows of a year it computes only once
_IMPATIENCE = 4.0
_TOLD = re.compile(r"^gateway: (\d+) ")
_MINUTES = BarType.parse("1_MIN")


def named(count: int, letter: str = "T") -> list[str]:
    """Return the IDs of so many instruments."""
    return [f"{letter}{number:03}.NASDAQ" for number in range(count)]


def series(name: str) -> Series:
    """Return the minutes of an instrument."""
    return Series(InstrumentId.parse(name), _MINUTES)


def share(name: str) -> Instrument:
    """Return the definition of an American share."""
    kind = InstrumentClass.EQUITY
    return Instrument(InstrumentId.parse(name), kind, "USD", 2, 0, Decimal("0.01"), Decimal(1))


def served(names: Sequence[str], first: str, last: str) -> dict[Series, Bars]:
    """Return the minutes of all weekdays between two dates, of each instrument others."""
    return {
        series(name): session_bars(first, last, price=20_000 + 1_000 * place)
        for place, name in enumerate(names)
    }


def gateway(
    bars: Mapping[Series, Bars], faults: Sequence[Fault] = (), **options: Any
) -> SimulatedGateway:
    """Return a gateway that serves `bars`, with its limits."""
    ids = {one.instrument_id for one in bars}
    listings = [listing_of(share(str(one)), con_id_of(one)) for one in ids]
    return SimulatedGateway(Market(listings, bars), CALENDARS, lambda: NOW, faults, **options)


def wanted(names: Sequence[str], first: str, last: str) -> list[str]:
    """Return the words of a fetch."""
    chosen = [word for name in names for word in ("-i", name)]
    return ["fetch", *chosen, "--start", first, "--end", last]


class Running:
    """A command in a process of its own, which ends with the test at the latest."""

    def __init__(self, cli: Cli, name: str, *words: str) -> None:
        folder = cli.folder / name
        folder.mkdir()
        self._log = folder / "log"
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                cli.words(*words, "--log-file", str(self._log)),
                cwd=cli.folder,
                env={**cli.surroundings(), "BARLEDGER_IBKR_RETRY_SECONDS": "0.2"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def err(self) -> str:
        """What it told up to now."""
        return self._err.read_text(errors="replace")

    @property
    def document(self) -> dict[str, Any]:
        """What it printed with --json."""
        found: dict[str, Any] = json.loads(self._out.read_text())
        return found

    @property
    def codes(self) -> Counter[int]:
        """How often the gateway told it each of its codes."""
        entries = map(json.loads, self._log.read_text().splitlines()) if self._log.exists() else ()
        told = (_TOLD.match(entry.get("told", "")) for entry in entries)
        return Counter(int(found[1]) for found in told if found)

    def until(self, true: Callable[[], object]) -> None:
        """Wait for something to become true while it runs."""
        ends = time.monotonic() + PATIENCE
        while not true():
            assert self.process.poll() is None, f"it has ended: {self.err}"
            assert time.monotonic() < ends, f"it waits for ever: {self.err}"
            time.sleep(0.002)

    def ended(self) -> int:
        """Wait for its end, and return the exit code."""
        return self.process.wait(PATIENCE)

    def succeeded(self) -> None:
        """Wait for its end, which must be a good one."""
        assert self.ended() == 0, self.err

    def kill(self) -> None:
        """End it as the system does that has no memory left."""
        self.process.kill()
        self.process.wait()

    def press(self) -> float:
        """Press Ctrl-C until it is answered; return the seconds from the answered one to its end.

        Python misses one that comes in the moment in which it begins to wait. A person would
        press it again.
        """
        for _ in range(3):
            pressed = time.monotonic()
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_IMPATIENCE)
                return time.monotonic() - pressed
        raise AssertionError(f"Ctrl-C is not answered: {self.err}")


def until(true: Callable[[], object]) -> None:
    """Wait for something at the gateway that must come soon."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.002)


def answer_again(at: SimulatedGateway) -> None:
    """Let a gateway that was silent answer, and whoever waits ask again: its connection is gone."""
    at.set_faults()
    at.drop_connections()


def most_in_a_second(at: Sequence[float]) -> int:
    """Return how many messages came in whichever second had the most."""
    most = first = 0
    for last, moment in enumerate(at):
        while at[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def asked(requests: Sequence[HistoryRequest]) -> Counter[tuple[object, ...]]:
    """Return how often each stretch of each series was asked for."""
    return Counter((one.contract, one.end, one.duration, one.bar_size) for one in requests)


@contextlib.contextmanager
def all_ended(commands: Sequence[Running]) -> Iterator[None]:
    """End all commands with the context."""
    with contextlib.ExitStack() as stack:
        for one in commands:
            stack.enter_context(one)
        yield


def held(catalog: Path) -> dict[Series, Rows]:
    """Return every bar that is held."""
    return state_of(catalog)


def all_rows(bars: Mapping[Series, Bars]) -> dict[Series, Rows]:
    """Return bars as `held` gives them."""
    return {one: rows_of(some) for one, some in bars.items()}


def events[E: Event](catalog: Path, kind: type[E]) -> list[E]:
    """Return the events of one kind."""
    with opened(catalog) as container:
        recorded = [one.event for one in container.ledger().replay()]
    return [one for one in recorded if isinstance(one, kind)]
