"""Every `AvailabilityLedger` finds the definitions of instruments among its events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.ledger import MemoryLedger
from adapters.sqlite.ledger import SqliteLedger
from domain.events import InstrumentRegistered, LedgerRebuilt, VenueCalendarNamed
from domain.instrument import InstrumentClass, VenueDefaults, assumed_instrument
from domain.ports import AvailabilityLedger
from tests.builders import AAPL, ORIGIN, new_partition, written

ADAPTERS: dict[str, Callable[[Path], AvailabilityLedger]] = {
    "sqlite": lambda folder: SqliteLedger(folder / "ledger.db", MemoryClock()),
    "memory": lambda _: MemoryLedger(MemoryClock()),
}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_definitions_come_in_order_and_up_to_an_event(adapter: str, tmp_path: Path) -> None:
    assumed = assumed_instrument(AAPL.instrument_id, VenueDefaults(InstrumentClass.EQUITY, "USD"))
    assert assumed
    first = InstrumentRegistered(assumed)
    second = InstrumentRegistered(attrs.evolve(assumed, price_precision=3))
    named = VenueCalendarNamed("SIX", "XSWX")
    events = [LedgerRebuilt(0, 0, None), first, written(new_partition()), second, named]
    with closing(ADAPTERS[adapter](tmp_path)) as ledger:
        assert list(ledger.definitions()) == []
        recorded = ledger.append(events, ORIGIN, expected_head=0)
        assert list(ledger.definitions()) == [recorded[1], recorded[3], recorded[4]]
        assert list(ledger.definitions(upto=3)) == [recorded[1]]
