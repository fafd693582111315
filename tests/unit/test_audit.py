"""The audit of a long ledger reads the end of it, or one series, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from adapters.memory.ledger import MemoryLedger
from application.audit import AuditLog, AuditQuery
from domain.availability import Availability, SeriesHoldings
from domain.events import Recorded
from domain.instrument import InstrumentId, Series
from domain.standing import Standing
from tests.builders import AAPL, ORIGIN, new_partition, written
from tests.memory_catalog import MemoryCatalog

SERIES = [Series(InstrumentId(f"S{number:03}", "NASDAQ"), AAPL.bar_type) for number in range(100)]
ROUNDS = 200


class _CountingLedger(MemoryLedger):
    """Counts the events that are read from it."""

    read = 0

    def replay(
        self, *, after: int = 0, upto: int | None = None, series: Series | None = None
    ) -> Iterator[Recorded]:
        for one in super().replay(after=after, upto=upto, series=series):
            self.read += 1
            yield one

    def availability(self, *, upto: int | None = None) -> Availability:
        """Return it without reading events, as a ledger with projections does."""
        return Availability(self.head(), {}, {one: SeriesHoldings(one) for one in SERIES})


@pytest.fixture(scope="module")
def full() -> MemoryCatalog:
    """A ledger of 20,000 events: every series is written 200 times, one after the other."""
    catalog = MemoryCatalog()
    catalog.ledger = _CountingLedger(catalog.clock)
    first = written(new_partition())
    for revision in range(1, ROUNDS + 1):
        catalog.clock.advance(1)
        events = [attrs.evolve(first, series=one, revision=revision) for one in SERIES]
        catalog.ledger.append(events, ORIGIN, expected_head=catalog.head)
    return catalog


@pytest.fixture
def audit(full: MemoryCatalog) -> AuditLog:
    assert isinstance(full.ledger, _CountingLedger)
    full.ledger.read = 0
    return AuditLog(full.catalog, full.ledger, full.progress)


def _read(full: MemoryCatalog) -> int:
    assert isinstance(full.ledger, _CountingLedger)
    return full.ledger.read


def test_the_last_events_are_read_and_the_past_of_their_series(
    full: MemoryCatalog, audit: AuditLog
) -> None:
    found = audit.events(AuditQuery(), limit=3)
    assert [entry.recorded.seq for entry in found.entries] == [19_998, 19_999, 20_000]
    assert found.earlier == 19_997
    before = found.entries[0].before
    assert isinstance(before, Standing)
    assert (before.revision, before.seq) == (ROUNDS - 1, 19_898)
    assert _read(full) <= 3 * (ROUNDS + 1)


def test_the_last_transactions_are_read_from_the_end(full: MemoryCatalog, audit: AuditLog) -> None:
    found = audit.runs(AuditQuery(), limit=2)
    assert [(run.first.seq, run.last_seq, run.events) for run in found.entries] == [
        (19_801, 19_900, 100),
        (19_901, 20_000, 100),
    ]
    assert found.earlier == 19_800


def test_one_series_is_read_alone(full: MemoryCatalog, audit: AuditLog) -> None:
    query = AuditQuery(instruments=("S007.NASDAQ",))
    found = audit.events(query, limit=None)
    assert len(found.entries) == ROUNDS
    # Definitions are about no series, so a memory ledger looks for them among all events.
    assert _read(full) == ROUNDS + full.head
    audit.events(attrs.evolve(query, bar_type=AAPL.bar_type), limit=None)
    assert _read(full) == 2 * ROUNDS + full.head


def test_a_clock_that_ran_backwards_hides_nothing_recorded_by_then() -> None:
    catalog = MemoryCatalog()
    first = written(new_partition())
    times = []
    for revision, step in ((1, 0), (2, 1_000), (3, -2_000), (4, 5_000)):
        catalog.clock.advance(step)
        times.append(catalog.clock.now())
        event = attrs.evolve(first, revision=revision)
        catalog.ledger.append([event], ORIGIN, expected_head=catalog.head)
    audit = AuditLog(catalog.catalog, catalog.ledger, catalog.progress)
    found = audit.events(AuditQuery(until=times[0] + 1), limit=None)
    assert [entry.recorded.seq for entry in found.entries] == [1, 3]
