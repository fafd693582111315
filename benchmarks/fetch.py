"""How long a fetch takes beside bare ib_async, which receives the same bars and keeps none.

    .venv/bin/python -m benchmarks.fetch [--runs 7] [--sessions 250] [--folder DIR]

A simulated gateway in a process of its own serves a year of one-minute bars, as fast as it can.
The peer connects with ib_async, asks for 20 sessions at a time, five requests in flight, and is
done when every BarData is there. barledger gets the same by the same requests into an empty
catalog: validated, one file a day, durable, recorded.

Both are timed twice. `work`: from before the connection to its end, in a new process that has
fetched one session of another instrument before, so that both have loaded what they need.
`process`: from the start of a new process to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.import_csv import YEAR, year_file

ROOT = Path(__file__).parents[1]
WANTED = 2.0
PEER, OURS = "ib_async", "barledger"
_TIMED, _BEFORE = "AAPL", "MSFT"
Dates = Sequence[dt.date]


@contextlib.contextmanager
def gateway(bars: Path) -> Iterator[int]:
    """Serve the CSV files in a folder by a process of its own; give the port."""
    # Each process asks anew when history begins, which IBKR lets nobody do twice in 15 seconds.
    words = ["gateway", "simulate", "--json", "--port", "0", "--no-limits", "--bars", str(bars)]
    with subprocess.Popen(  # noqa: S603 - this program itself
        [sys.executable, "-m", "entrypoints", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield _port(process)
        finally:
            process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    text = ""
    for line in process.stdout or ():
        text += line
        if line == "}\n":
            return int(json.loads(text)["port"])
    raise SystemExit(f"the gateway did not start: {text}")


def session_dates(count: int, cache: Path) -> list[dt.date]:
    """Return the dates of the first so many NYSE sessions of the year; `cache` keeps them."""
    from adapters.calendars.edition import edition
    from adapters.calendars.kept_files import KeptFiles
    from adapters.calendars.market_calendars import MarketCalendars
    from domain.instrument import InstrumentId

    whole = dt.date(YEAR, 1, 1), dt.date(YEAR, 12, 31)
    apple = InstrumentId.parse(f"{_TIMED}.NASDAQ")
    calendars = MarketCalendars(KeptFiles(cache / "calendars", edition, sys.exit))
    return [one.date for one in calendars.sessions(apple, *whole, None)][:count]


def peer(port: int, symbol: str, dates: Dates, catalog: Path) -> int:
    """Do what users do without barledger, but for keeping anything; return how many bars."""
    del catalog
    from benchmarks.fetch_peer import received

    return asyncio.run(received(port, symbol, dates))


def ours(port: int, symbol: str, dates: Dates, catalog: Path) -> int:
    """Fetch as the command does, but for the start of its process; return how many bars."""
    from application.fetch_request import FetchItem, FetchRequest
    from domain.bar_type import BarType
    from domain.window import Window
    from entrypoints.cli.gateway_options import GatewayChoice
    from entrypoints.cli.screen import Screen
    from entrypoints.container import wire

    container = wire(catalog, "fetch", Screen(quiet=True), GatewayChoice(port=port))
    item = FetchItem(f"{symbol}.NASDAQ", BarType.parse("1_MIN"))
    try:
        request = FetchRequest((item,), Window(dates[0], dates[-1]))
        outcome = container.fetch_bars().run(request)
    finally:
        container.source().close()
        container.ledger().close()
    return sum(one.bars_fetched for one in outcome.series)


WORKS: dict[str, Callable[[int, str, Dates, Path], int]] = {PEER: peer, OURS: ours}


def tell_time(who: str, port: int, dates: Dates) -> None:
    """Print how many bars there were, and how long it took, once it was done on little."""
    work, here = WORKS[who], Path.cwd()
    work(port, _BEFORE, dates[:1], here / "before")
    began = time.perf_counter()
    bars = work(port, _TIMED, dates, here / "catalog")
    sys.stdout.write(f"{bars} {time.perf_counter() - began}\n")


@attrs.frozen
class Bench:
    """What is measured: the fetch of `dates`, which have so many bars, from a gateway.

    Each process works in a folder of its own below `folder`, with a cache like that in `kept`:
    sessions that an earlier command has worked out are there, as they are for users.
    """

    port: int
    dates: Dates
    bars: int
    folder: Path
    kept: Path

    def work(self, who: str) -> float:
        """Return how long the work takes in a new process that is warm."""
        text, _ = self._run("benchmarks.fetch", "--only", who, str(self.port), *self._texts())
        bars, seconds = text.split()
        self._check(who, bars)
        return float(seconds)

    def process(self, who: str) -> float:
        """Return how long a new process takes from its start to its end."""
        if who == PEER:
            words = ("benchmarks.fetch_peer", str(self.port), _TIMED, *self._texts())
            bars, took = self._run(*words)
        else:
            ends = ("--start", self._texts()[0], "--end", self._texts()[-1])
            words = ("entrypoints", "fetch", "-i", f"{_TIMED}.NASDAQ", *ends, "--json")
            text, took = self._run(*words, "--port", str(self.port))
            bars = json.loads(text)["series"][0]["bars_fetched"]
        self._check(who, bars)
        return took

    def _texts(self) -> list[str]:
        return [date.isoformat() for date in self.dates]

    def _check(self, who: str, bars: object) -> None:
        if int(str(bars)) != self.bars:
            raise SystemExit(f"{who} has {bars} of {self.bars} bars")

    def _run(self, *words: str) -> tuple[str, float]:
        """Run a module in a folder that goes afterwards; return its output and its seconds."""
        with tempfile.TemporaryDirectory(dir=self.folder) as here:
            cache = Path(here) / "cache"
            shutil.copytree(self.kept, cache)
            began = time.perf_counter()
            ended = subprocess.run(  # noqa: S603 - this program itself
                [sys.executable, "-m", *words],
                cwd=here,
                env={**os.environ, "BARLEDGER_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
            took = time.perf_counter() - began
        if ended.returncode:
            raise SystemExit(f"{words[:2]} failed: {ended.stdout} {ended.stderr}")
        return ended.stdout, took


def measure(bench: Bench, runs: int) -> dict[str, dict[str, list[float]]]:
    """Time the work and the processes of both in turn, so many times."""
    ways = {"work": bench.work, "process": bench.process}
    found: dict[str, dict[str, list[float]]] = {way: {PEER: [], OURS: []} for way in ways}
    for _ in range(runs):
        for way, time_of in ways.items():
            for who in WORKS:
                found[way][who].append(time_of(who))
    return found


def table_of(found: dict[str, dict[str, list[float]]], title: str) -> Table:
    """Return what was measured, each beside the peer in the same runs."""
    table = Table("", "of", "median s", "slowest s", "ratio", title=title)
    for way, times in found.items():
        base = statistics.median(times[PEER])
        for who, took in times.items():
            middle = statistics.median(took)
            table.add_row(who, way, f"{middle:.3f}", f"{max(took):.3f}", f"{middle / base:.2f}")
    return table


def serve_files(folder: Path) -> None:
    """Write a year of both instruments to `folder`."""
    folder.mkdir()
    for symbol in (_TIMED, _BEFORE):
        year_file(folder / f"{symbol}.NASDAQ-1_MIN.csv")


def bars_on(file: Path, dates: Dates) -> int:
    """Return how many bars of a file are of these dates, on which no session passes midnight."""
    wanted = {date.isoformat() for date in dates}
    with file.open() as lines:
        return sum(line[:10] in wanted for line in lines)


def compare(folder: Path, sessions: int, runs: int) -> None:
    """Serve, measure, and print a table."""
    console, served, kept = Console(), folder / "served", folder / "kept"
    kept.mkdir()
    serve_files(served)
    dates = session_dates(sessions, kept)
    bars = bars_on(served / f"{_TIMED}.NASDAQ-1_MIN.csv", dates)
    with gateway(served) as port:
        bench = Bench(port, dates, bars, folder, kept)
        title = f"{bars:,} one-minute bars, {runs} runs, load {os.getloadavg()[0]:.1f} at the start"
        console.print(table_of(measure(bench, runs), title))
    console.print(f"wanted: a ratio of at most {WANTED}; load {os.getloadavg()[0]:.1f} at the end")


def main() -> None:
    """Measure, and print a table."""
    if sys.argv[1:2] == ["--only"]:
        who, port, *dates = sys.argv[2:]
        tell_time(who, int(port), list(map(dt.date.fromisoformat, dates)))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--sessions", type=int, default=250, help="how many, from January on")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one if not named")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        compare(Path(folder), arguments.sessions, arguments.runs)


if __name__ == "__main__":
    main()
