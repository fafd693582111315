"""What the processes do that use one catalog at the same time. Each leaves a report."""

from __future__ import annotations

import json
import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.memory.progress import MemoryProgressTask
from application.series_writer import inferred_change
from domain.availability import Availability
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import InstrumentId, Series
from entrypoints.container import Container
from tests.builders import AAPL, minute_bars
from tests.faults.state import Rows, State, opened, rows_of

WRITERS = READERS = 8
VERSIONED = "2024-01-02"
"""The day that is overwritten as a whole: all its bars bear one price, the version's."""
MERGED = [f"2024-02-{day:02}" for day in range(1, 20)]
"""The days into which every writer merges minutes of its own."""
BARS_OF_A_VERSION = 60
_MINUTES = 1440 // WRITERS


def own_series(number: int) -> Series:
    """Return the series that only one writer writes."""
    return Series(InstrumentId.parse(f"OWN{number}.NASDAQ"), BarType.parse("1_MIN"))


def version_of(number: int, turn: int) -> int:
    """Return the price of every bar of a version, which no other version has."""
    return (number + 1) * 100_000 + turn


def _version(number: int, turn: int) -> Bars:
    # One writer needs more decimals from the middle on: all other days are written anew then.
    digits = 4 if number == 0 and turn > 10 else 2
    price = version_of(number, turn) * 10 ** (digits - 2)
    return minute_bars(
        f"{VERSIONED}T14:30:00",
        BARS_OF_A_VERSION,
        first_price=price,
        step=0,
        price_precision=digits,
    )


def merged_bar(number: int, turn: int) -> Bars:
    """Return the one bar that a writer merges at a turn."""
    day, minute = MERGED[turn // _MINUTES], turn % _MINUTES * WRITERS + number
    start = f"{day}T{minute // 60:02}:{minute % 60:02}:00"
    return minute_bars(start, 1, first_price=version_of(number, turn))


KINDS = ("merged", "overwritten", "own")


def write(catalog: str, report: str, number: int, turns: list[int], seed: int) -> None:
    """Merge, overwrite, and overwrite a series of one's own, once a turn.

    What has been confirmed stands, line by line, in the file `report` with `.done` behind.
    """
    chance = random.Random(seed)

    def work() -> dict[str, Any]:
        with opened(Path(catalog)) as container, Path(f"{report}.done").open("a") as done:
            for turn in range(*turns):
                kind = chance.choices(KINDS, (2, 1, 1))[0]
                _write(container, kind, number, turn)
                done.write(f"{kind} {turn}\n")
                done.flush()
        return {}

    _report(report, work)


def confirmed(report: Path) -> dict[str, list[int]]:
    """Return the turns that a writer was told had been made, by kind."""
    done: dict[str, list[int]] = {kind: [] for kind in KINDS}
    file = Path(f"{report}.done")
    lines = file.read_text().splitlines() if file.exists() else []
    for kind, turn in map(str.split, lines):
        done[kind].append(int(turn))
    return done


def _write(container: Container, kind: str, number: int, turn: int) -> None:
    series = own_series(number) if kind == "own" else AAPL
    bars = merged_bar(number, turn) if kind == "merged" else _version(number, turn)
    with container.catalog().writing(series) as writer:
        day = MERGED[turn // _MINUTES] if kind == "merged" else VERSIONED
        if kind == "merged":
            joined = Bars.concat([writer.read(day), bars])
            bars = joined.take(joined.ts_open.argsort())
        change = inferred_change(bars, series.bar_type, "test", f"{number} {turn}")
        writer.commit({day: change}, [], MemoryProgressTask("", 1))


def read(catalog: str, report: str, stop: str, least: int, seed: int) -> None:
    """Look at the catalog, over and over, until there is a file `stop`, and `least` times."""
    chance = random.Random(seed)

    def work() -> dict[str, Any]:
        seen: State = {}
        head = reads = overtaken = 0
        while reads < least or not Path(stop).exists():
            with opened(Path(catalog)) as container:
                for _ in range(chance.randrange(1, 4)):
                    availability = container.ledger().availability()
                    assert availability.head >= head, "the ledger has become shorter"
                    head = availability.head
                    now = _read(container, availability, chance)
                    _assert_whole(now, seen)
                    seen, reads = now, reads + 1
                    overtaken += container.ledger().availability().series != availability.series
        return {"reads": reads, "overtaken": overtaken}

    _report(report, work)


def _read(container: Container, availability: Availability, chance: random.Random) -> State:
    """Read every file of a snapshot twice, with time in between for others to write."""
    partitions = [
        (series, partition)
        for series, held in availability.series.items()
        for partition in held.partitions.values()
    ]
    chance.shuffle(partitions)
    first = [rows_of(container.repository().read(one)) for _, one in partitions]
    time.sleep(chance.random() / 50)
    again = [rows_of(container.repository().read(one)) for _, one in partitions]
    assert first == again, "a snapshot has changed"
    state: State = {}
    for (series, _), rows in zip(partitions, first, strict=True):
        state.setdefault(series, {}).update(rows)
    return state


def _assert_whole(now: State, before: State) -> None:
    """Hold that no version is torn, and that nothing is gone that was there before."""
    for series, rows in now.items():
        version = _of_version(rows)
        assert len({row[1] for row in version.values()}) <= 1, "versions are mixed"
        assert len(version) in (0, BARS_OF_A_VERSION), "a version is torn"
        assert rows.keys() >= before.get(series, {}).keys(), "bars are gone"
    assert now.keys() >= before.keys()


def _of_version(rows: Rows) -> Rows:
    (first, *_, last) = _version(0, 0).ts_open.tolist()
    return {ts: row for ts, row in rows.items() if first <= ts <= last}


def _report(path: str, work: Callable[[], dict[str, Any]]) -> None:
    try:
        found = work()
    except BaseException:
        found = {"failed": traceback.format_exc()}
        raise
    finally:
        Path(path).write_text(json.dumps(found))
