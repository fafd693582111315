"""What an event did, in a sentence."""

from __future__ import annotations

import attrs
import pytest

from domain.bar_type import BarType
from domain.events import (
    CsvImported,
    Event,
    FetchAborted,
    FetchCompleted,
    FetchStarted,
    Origin,
    RangeConfirmedEmpty,
    Recorded,
)
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from domain.standing import Entry
from entrypoints.cli.event_texts import sentence

AAPL = Series(InstrumentId("AAPL", "NASDAQ"), BarType.parse("1_MIN"))
HOUR = 3_600 * 10**9
IMPORTED = CsvImported(AAPL, "a.csv", "ab" * 32, 1_950, 1_950, 0, 0, None, "open", "overwrite")


def _told(event: Event) -> str:
    return sentence(Entry(Recorded(1, "one", 0, Origin("ann", "here", "fetch", "c1"), event)))


@pytest.mark.parametrize(
    ("empty", "told"),
    [
        (
            [(0, HOUR), (2 * HOUR, 3 * HOUR)],
            "no bars from 1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z, "
            "1970-01-01T02:00:00Z to 1970-01-01T03:00:00Z, confirmed by ibkr request 7",
        ),
        ([], "no time was confirmed to be empty by ibkr request 7"),
    ],
)
def test_what_was_confirmed_to_be_empty_is_told(empty: list[tuple[int, int]], told: str) -> None:
    event = RangeConfirmedEmpty(AAPL, IntervalSet.of(*empty), "ibkr", "request 7")
    assert _told(event) == f"AAPL.NASDAQ 1_MIN: {told}"


def test_an_import_that_met_nothing_tells_no_policy() -> None:
    assert _told(IMPORTED) == (
        "AAPL.NASDAQ 1_MIN: a.csv imported: 1,950 rows, 1,950 bars written, 0 skipped, "
        "0 replaced, 0 removed (sha256:abababababababab)"
    )


@pytest.mark.parametrize("field", ["bars_skipped", "bars_replaced", "bars_removed"])
def test_an_import_that_met_bars_tells_what_became_of_them(field: str) -> None:
    told = _told(attrs.evolve(IMPORTED, **{field: 1_234}))
    assert f"1,234 {field.removeprefix('bars_')}" in told
    assert told.endswith("(on conflict: overwrite; sha256:abababababababab)")


def test_an_early_import_does_not_tell_how_many_bars_were_removed() -> None:
    told = _told(attrs.evolve(IMPORTED, bars_replaced=5, bars_removed=None))
    assert "0 skipped, 5 replaced (on conflict: overwrite;" in told
    assert "removed" not in told


@pytest.mark.parametrize(
    ("order", "told"),
    [("dmy", "day first"), ("mdy", "month first"), ("y\x1bd", "y\\x1bd")],
)
def test_how_an_import_read_dates_is_told(order: str, told: str) -> None:
    assert f"(dates: {told}; sha256:" in _told(attrs.evolve(IMPORTED, date_order=order))


def test_which_times_an_import_meant_is_told() -> None:
    told = _told(attrs.evolve(IMPORTED, clock_change="later", date_order="dmy"))
    assert "dates: day first; times that daylight saving repeats or skips: later; " in told


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            FetchStarted(AAPL, "ibkr", 0, HOUR, 1, "regular"),
            "ibkr is asked for 1 session, regular hours, "
            "1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z",
        ),
        (
            FetchCompleted(AAPL, "ibkr", 20, 2, 7_020, 18, "On one level."),
            "fetched from ibkr: 7,020 bars of 20 sessions in 18 partitions; "
            "2 sessions confirmed empty; On one level.",
        ),
        (
            FetchCompleted(AAPL, "ibkr", 1, 0, 390, 1),
            "fetched from ibkr: 390 bars of 1 session in 1 partition",
        ),
        (
            FetchAborted(AAPL, "ibkr", 1, 390, 1, "cancelled\x1b[2J"),
            "fetch from ibkr ended early, 390 bars of 1 session in 1 partition held: cancelled",
        ),
    ],
)
def test_a_fetch_tells_what_was_asked_and_what_came(event: Event, told: str) -> None:
    assert _told(event).startswith(f"AAPL.NASDAQ 1_MIN: {told}")
    assert "\x1b" not in _told(event)
