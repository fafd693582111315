"""What an event did, in a sentence."""

from __future__ import annotations

import pytest

from domain.bar_type import BarType
from domain.events import Origin, RangeConfirmedEmpty, Recorded
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from domain.standing import Entry
from entrypoints.cli.event_texts import sentence

AAPL = Series(InstrumentId("AAPL", "NASDAQ"), BarType.parse("1_MIN"))
HOUR = 3_600 * 10**9


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
    recorded = Recorded(1, "one", 0, Origin("ann", "here", "fetch", "c1"), event)
    assert sentence(Entry(recorded)) == f"AAPL.NASDAQ 1_MIN: {told}"
