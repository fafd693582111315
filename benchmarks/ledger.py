"""How fast the ledger is at the size of ten years of 500 instruments, beside peers.

    .venv/bin/python -m benchmarks.ledger [--events 1260000] [--runs 5]

The peer is the SQLite recorder of the package `eventsourcing`, where it can be imported (it is no
requirement of barledger's: `pip install --target DIR eventsourcing`, then `PYTHONPATH=DIR`), and
the plain way: json.loads, cattrs, and a fold of all events.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import functools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import zoneinfo
from collections.abc import Callable
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from adapters.system.clock import SystemClock
from benchmarks.ledger_peers import measure_peers
from domain.bar_type import BarType
from domain.events import CoverageBasis, Origin, PartitionWritten
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet

DAYS = 2_520
ORIGIN = Origin("trader", "workstation-7", "import-csv", str(uuid.uuid4()))
TARGETS = {
    "append": ">= 25,000",
    "availability, cold handle (ms)": "<= 10",
    "availability, warm handle (ms)": "<= 10",
    "events replayed": ">= 100,000",
    "projections replayed": ">= 100,000",
    "verified": ">= 60,000",
}
ROOT = Path(__file__).parent.parent


class Silent:
    """A progress that nobody watches."""

    def advance(self, steps: int) -> None:
        """Take no notice."""


def series_of(number: int) -> Series:
    """Return one of the benchmark's series."""
    return Series(InstrumentId.parse(f"S{number:03}.NASDAQ"), BarType.parse("1_MIN"))


@functools.cache
def sessions() -> tuple[tuple[dt.date, int], ...]:
    """Return weekdays, each with 09:30 in New York in UTC nanoseconds."""
    monday, zone = dt.date(2014, 1, 6), zoneinfo.ZoneInfo("America/New_York")
    dates = (monday + dt.timedelta(days=place // 5 * 7 + place % 5) for place in range(DAYS))
    opens = ((date, dt.datetime.combine(date, dt.time(9, 30), zone)) for date in dates)
    return tuple((date, int(at.timestamp()) * 1_000_000_000) for date, at in opens)


def partitions(series: Series) -> list[PartitionWritten]:
    """Return the events of ten years of one series, a session of 390 minutes a weekday."""
    events = []
    for place, (date, opens) in enumerate(sessions()):
        name = f"{series.instrument_id}/{series.bar_type}/{date}.parquet"
        closes = opens + 390 * 60_000_000_000
        events.append(
            PartitionWritten(
                series,
                str(date),
                1,
                name,
                f"{place:064x}",
                21_000 + place,
                390,
                opens,
                closes,
                2,
                0,
                (date,),
                IntervalSet.of((opens, closes)),
                CoverageBasis.INFERRED,
                "csv",
                f"{series.instrument_id}.csv",
            )
        )
    return events


@attrs.define
class Results:
    """What was measured, by what it is of: one value a run."""

    values: dict[str, list[float]] = attrs.field(factory=dict)

    def add(self, name: str, value: float) -> None:
        """Keep one measured value."""
        self.values.setdefault(name, []).append(value)

    def spread(self, name: str) -> tuple[float, float, float]:
        """Return the median, the least and the most of all runs."""
        values = self.values[name]
        return statistics.median(values), min(values), max(values)


def build(path: Path, instruments: int, results: Results | None = None) -> None:
    """Append ten years of each instrument, one durable batch each."""
    spent = 0.0
    with contextlib.closing(SqliteLedger(path, SystemClock())) as ledger:
        ledger.prepare()
        for number in range(instruments):
            events = partitions(series_of(number))
            head = ledger.head()
            began = time.perf_counter()
            ledger.append(events, ORIGIN, expected_head=head)
            took = time.perf_counter() - began
            spent += took
            if results:
                results.add("append", len(events) / took)
    if results:
        results.add("whole build", instruments * DAYS / spent)


def look_at(ledger: SqliteLedger, series: Series) -> None:
    """Ask for all that `check` needs of a series."""
    held = ledger.availability().holdings(series)
    for attribute in ("trading_dates", "coverage", "bars"):
        if sum(1 for _ in held.partitions.each(attribute)) != DAYS:
            raise SystemExit(f"{series} does not hold {DAYS} partitions")


def measure_availability(path: Path, instruments: int, runs: int, results: Results) -> None:
    """Time the first question of a new handle, and a later one."""
    for run in range(runs * 10):
        with contextlib.closing(SqliteLedger(path, SystemClock())) as ledger:
            for name, number in (("cold", 7 * run), ("warm", 7 * run + 3)):
                began = time.perf_counter()
                look_at(ledger, series_of(number % instruments))
                results.add(
                    f"availability, {name} handle (ms)", (time.perf_counter() - began) * 1000
                )


def replay_events(path: Path) -> int:
    """Replay the ledger as the domain's objects."""
    with contextlib.closing(SqliteLedger(path, SystemClock())) as ledger:
        return sum(1 for _ in ledger.replay())


def replay_projections(path: Path) -> int:
    """Make the projections anew, which must not change them."""
    report = SqliteLedgerKeeper(path).replay(Silent())
    if report.changed:
        raise SystemExit("the projections had been wrong")
    return report.events


def verify(path: Path) -> int:
    """Verify the whole ledger, which must be sound."""
    report = SqliteLedgerKeeper(path).verify(Silent())
    if not report.valid:
        raise SystemExit(f"the ledger is damaged: {report.problems}")
    return report.events


WHOLE: dict[str, Callable[[Path], int]] = {
    "events replayed": replay_events,
    "projections replayed": replay_projections,
    "verified": verify,
}


def measure_whole(path: Path, runs: int, results: Results) -> None:
    """Time what goes through all events."""
    for _ in range(runs):
        for name, work in WHOLE.items():
            began = time.perf_counter()
            results.add(name, work(path) / (time.perf_counter() - began))


def peak_memory(path: Path, name: str) -> int:
    """Return the most memory, in megabytes, that a process of its own took for the work."""
    run = subprocess.run(  # noqa: S603 - this module itself
        [sys.executable, "-m", "benchmarks.ledger", "--peak", name, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stdout) // 1024


def most_memory() -> int:
    """Return the most memory that this process held, in kilobytes.

    Where the system says it: `ru_maxrss` of a process begins with what its parent held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=500 * DAYS, help="how many, in all")
    parser.add_argument("--runs", type=int, default=3, help="of what goes through all events")
    parser.add_argument("--peak", nargs=2, metavar=("WORK", "PATH"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peak:
        WHOLE[asked.peak[0]](Path(asked.peak[1]))
        sys.stdout.write(str(most_memory()))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), max(2, asked.events // DAYS), asked.runs)


def measure(folder: Path, instruments: int, runs: int) -> None:
    """Measure in `folder`, and print a table."""
    console, results = Console(), Results()
    console.print(f"{instruments * DAYS:,} events, load {os.getloadavg()[0]:.1f} at the start")
    path, tenth = folder / "ledger.db", folder / "tenth.db"
    build(path, instruments, results)
    measure_availability(path, instruments, runs, results)
    measure_whole(path, runs, results)
    fewer = max(1, instruments // 10)
    build(tenth, fewer)
    peers = measure_peers(tenth, fewer, partitions_of, runs)
    console.print(rates_table(results, peers))
    console.print(memory_table(path, tenth))
    size = path.stat().st_size
    console.print(f"{size / 1e6:,.0f} MB, {size / (instruments * DAYS):,.0f} bytes an event")
    console.print(f"load {os.getloadavg()[0]:.1f} at the end")


def partitions_of(number: int) -> list[PartitionWritten]:
    """Return the events of one instrument."""
    return partitions(series_of(number))


def rates_table(results: Results, peers: dict[str, dict[str, float]]) -> Table:
    """Return what was measured beside what is wanted and what the peers do."""
    table = Table("events a second, or as it says", "median", "slowest", "wanted", *peers)
    for name in results.values:
        middle, least, most = results.spread(name)
        slowest = most if name.endswith("(ms)") else least
        ratios = [_beside(peer.get(name), middle) for peer in peers.values()]
        table.add_row(name, _shown(middle), _shown(slowest), TARGETS.get(name, ""), *ratios)
    return table


def _beside(peer: float | None, ours: float) -> str:
    if peer is None:
        return ""
    return f"{_shown(peer)} (x {max(peer / ours, ours / peer):.1f})"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"


def memory_table(path: Path, tenth: Path) -> Table:
    """Return the most memory of what goes through all events, of all of them and a tenth."""
    table = Table("peak memory, MB", "all events", "a tenth")
    for name in WHOLE:
        table.add_row(name, *(str(peak_memory(of, name)) for of in (path, tenth)))
    return table


if __name__ == "__main__":
    main()
