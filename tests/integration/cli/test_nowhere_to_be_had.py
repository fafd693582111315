"""`check` of sessions of which a source said that it has no bars, and of those before its history.

Nothing on the command line asks a source yet; the events are recorded as whoever asks will.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite.ledger import SqliteLedger
from domain.events import Event, HistoryStartFound, RangeConfirmedEmpty
from domain.intervals import IntervalSet
from tests.builders import AAPL, ORIGIN, csv_text, session_bars, utc
from tests.integration.cli.conftest import Barledger

Record = Callable[..., None]
RANGE = ("--start", "2024-01-02", "--end", "2024-01-12")
WEDNESDAY = IntervalSet.of((utc("2024-01-10T14:30:00"), utc("2024-01-10T21:00:00")))


@pytest.fixture
def record(barledger: Barledger, catalog: Path, tmp_path: Path) -> Record:
    """Hold 8, 9, 11 and 12 January, and let events be recorded."""
    for first, last in (("2024-01-08", "2024-01-09"), ("2024-01-11", "2024-01-12")):
        file = tmp_path / "bars.csv"
        file.write_text(csv_text(session_bars(first, last)))
        assert barledger("import-csv", file, "-i", "AAPL.NASDAQ").code == 0

    def append(*events: Event) -> None:
        ledger = SqliteLedger(catalog / "ledger.db", MemoryClock(utc("2024-02-01T00:00:00")))
        ledger.append(events, ORIGIN, expected_head=ledger.head())
        ledger.close()

    return append


def test_what_a_source_confirmed_to_be_empty_is_complete(
    barledger: Barledger, record: Record
) -> None:
    assert "Jan 10 ✗" in barledger("check", "-i", "AAPL").out
    record(RangeConfirmedEmpty(AAPL, WEDNESDAY, "ibkr", "asked twice"))
    (row,) = barledger("check", "-i", "AAPL", "--json").document["series"]
    assert row["gaps"] == []
    assert (row["sessions"]["complete"], row["sessions"]["confirmed_empty"]) == (5, 1)
    assert row["trading_days"] == 4
    text = barledger("ledger", "log", "--type", "RangeConfirmedEmpty").out
    assert (
        "AAPL.NASDAQ 1_MIN: no bars from 2024-01-10T14:30:00Z to 2024-01-10T21:00:00Z, "
        "confirmed by ibkr asked twice"
    ) in text


def test_before_the_history_nothing_can_be_had(barledger: Barledger, record: Record) -> None:
    record(HistoryStartFound(AAPL, utc("2024-01-08T14:30:00"), "ibkr"))
    ended = barledger("check", "-i", "AAPL", *RANGE)
    assert ended.code == 3
    assert ended.out.startswith(
        "AAPL: Jan 2-7 - before its history, Jan 8-9 ✓, Jan 10 ✗, Jan 11-12 ✓\n"
    )
    (row,) = barledger("check", "-i", "AAPL", *RANGE, "--json").document["series"]
    assert row["sessions"]["before_history"] == 4
    assert row["gaps"][0] == {
        "start": "2024-01-02",
        "end": "2024-01-05",
        "status": "before_history",
    }
    record(RangeConfirmedEmpty(AAPL, WEDNESDAY, "ibkr", "request 7"))
    ended = barledger("check", "-i", "AAPL", *RANGE)
    assert ended.code == 3
    # A fetch would bring nothing, so none is suggested.
    assert "auto-fetch" not in ended.out
    text = barledger("ledger", "log").out
    assert "the history of ibkr begins at 2024-01-08T14:30:00Z" in text


def test_a_backtest_runs_from_where_the_history_begins(
    barledger: Barledger, record: Record
) -> None:
    run = ("backtest", "-i", "AAPL", "--strategy", "buy-and-hold", *RANGE)
    assert barledger(*run).code == 3
    record(
        HistoryStartFound(AAPL, utc("2024-01-08T14:30:00"), "ibkr"),
        RangeConfirmedEmpty(AAPL, WEDNESDAY, "ibkr", "request 7"),
    )
    ended = barledger(*run)
    assert ended.code == 0
    assert "its history begins later than 4 sessions of this range" in ended.err
    # As of before that was known, it is refused as it was then.
    assert barledger(*run, "--as-of", "6").code == 3
