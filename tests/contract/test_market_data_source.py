"""What every `MarketDataSource` does."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from decimal import Decimal
from pathlib import Path

import attrs
import numpy as np
import pytest

from adapters.calendars.market_calendars import MarketCalendars
from adapters.ibkr.address import Address
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.patience import Patience
from adapters.ibkr.source import IbkrMarketDataSource
from adapters.memory.clock import MemoryClock
from adapters.memory.market_data_source import MemoryMarketDataSource
from adapters.simulated_gateway.market import Market as GatewayMarket
from adapters.simulated_gateway.market import con_id_of, listing_of
from adapters.simulated_gateway.server import SimulatedGateway
from domain.bar_type import BarType
from domain.bars import Bars
from domain.fetching import FetchedBars, HistoryStart, SeriesFailed, Wanted
from domain.gaps import trading_time
from domain.instrument import Instrument, InstrumentClass, Series
from domain.intervals import IntervalSet
from domain.ports import MarketDataSource
from domain.sessions import Session, midnight_utc
from tests.builders import AAPL, MINUTE, MSFT, minute_bars, session_bars, utc


@attrs.frozen
class Market:
    """What is served: instruments, their bars, and the time that it is there (UTC nanoseconds)."""

    instruments: Sequence[Instrument]
    bars: Mapping[Series, Bars]
    now: int


@contextmanager
def _memory(market: Market) -> Iterator[MarketDataSource]:
    yield MemoryMarketDataSource(market.instruments, market.bars, now=market.now, sessions=2)


@contextmanager
def _ibkr(market: Market) -> Iterator[MarketDataSource]:
    """Ask a simulated gateway over TCP."""
    listings = [listing_of(one, con_id_of(one.id)) for one in market.instruments]
    served = GatewayMarket(listings, market.bars)
    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatedGateway(served, CALENDARS, lambda: market.now) as gateway,
        closing(
            IbkrMarketDataSource(
                Address(gateway.host, gateway.port),
                GatewayFolder(Path(folder), gateway.host, gateway.port, _fail),
                MemoryClock(market.now),
                Patience(first_retry=0.01),
                lambda _: None,
            )
        ) as source,
    ):
        yield source


def _fail(problem: str) -> None:
    raise AssertionError(problem)


CALENDARS = MarketCalendars()
ADAPTERS: dict[str, Callable[[Market], AbstractContextManager[MarketDataSource]]] = {
    "memory": _memory,
    "ibkr": _ibkr,
}


def _share(series: Series) -> Instrument:
    kind = InstrumentClass.EQUITY
    return Instrument(series.instrument_id, kind, "USD", 2, 0, Decimal("0.01"), Decimal(1))


DAILY = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
SHARES = (_share(AAPL), _share(MSFT))
# Friday the 5th has no bar of Apple's, and Microsoft begins on the 4th.
MINUTES = Bars.concat(
    [session_bars("2024-01-02", "2024-01-04"), session_bars("2024-01-08", "2024-01-09")]
)
OTHERS = session_bars("2024-01-04", "2024-01-09", price=40_000)
DAYS = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09")


def _session(day: str) -> Session:
    date = dt.date.fromisoformat(day)
    return Session(date, utc(f"{day}T14:30:00"), utc(f"{day}T21:00:00"))


SESSIONS = tuple(map(_session, DAYS))


def _daily() -> Bars:
    """Return a bar of each day that has minutes."""
    dates = [one for one in SESSIONS if one.date != dt.date(2024, 1, 5)]
    bars = minute_bars(count=len(dates))
    labels = [midnight_utc(one.date) for one in dates]
    closes = [one.close for one in dates]
    return attrs.evolve(
        bars, ts_open=np.array(labels, np.int64), ts_event=np.array(closes, np.int64)
    )


MARKET = Market(SHARES, {AAPL: MINUTES, MSFT: OTHERS, DAILY: _daily()}, utc("2024-01-09T19:45:00"))


@pytest.fixture(params=ADAPTERS)
def source(request: pytest.FixtureRequest) -> Iterator[MarketDataSource]:
    with ADAPTERS[request.param](MARKET) as source:
        yield source
        source.close()


def _wanted(
    series: Series, sessions: Sequence[Session], time: IntervalSet | None = None, **more: bool
) -> Wanted:
    whole = IntervalSet(tuple(one for each in sessions for one in trading_time(each)))
    instrument = next(one for one in SHARES if one.id == series.instrument_id)
    return Wanted(series, instrument, tuple(sessions), whole if time is None else time, **more)


def _fetched(source: MarketDataSource, *wanted: Wanted) -> dict[Series, list[FetchedBars]]:
    found: dict[Series, list[FetchedBars]] = {one.series: [] for one in wanted}
    for answer in source.fetch(wanted):
        assert not isinstance(answer, SeriesFailed)
        if isinstance(answer, FetchedBars):
            found[answer.series].append(answer)
    return found


def _of(bars: Bars, time: IntervalSet) -> Bars:
    parts = [bars.take((bars.ts_open >= one.start) & (bars.ts_event <= one.end)) for one in time]
    return Bars.concat(parts)


def test_an_instrument_is_found_by_its_symbol_or_its_id(source: MarketDataSource) -> None:
    assert [one.id for one in source.find("AAPL")] == [AAPL.instrument_id]
    assert list(source.find("AAPL.NASDAQ")) == list(source.find("AAPL"))
    assert list(source.find("NVDA")) == []


def test_only_what_is_wanted_is_given_and_all_of_it(source: MarketDataSource) -> None:
    start = SESSIONS[1].open
    holes = ((5, 10), (20, 22), (380, 390))
    time = IntervalSet.of(*((start + a * MINUTE, start + b * MINUTE) for a, b in holes))
    answers = _fetched(source, _wanted(AAPL, SESSIONS[1:2], time))[AAPL]
    assert IntervalSet(tuple(one for each in answers for one in each.attested)) == time
    assert Bars.concat([one.bars for one in answers]).same_values(_of(MINUTES, time))


def test_answers_come_in_order_of_time_and_about_all_of_it(source: MarketDataSource) -> None:
    wanted = _wanted(AAPL, [*SESSIONS[:3], SESSIONS[4]]), _wanted(MSFT, SESSIONS[2:5])
    for series, answers in _fetched(source, *wanted).items():
        of_it = next(one for one in wanted if one.series == series)
        edges = [(one.start, one.end) for each in answers for one in each.attested]
        assert edges == sorted(edges)
        assert IntervalSet.of(*edges) == of_it.time
        assert sum(each.attested.duration for each in answers) == of_it.time.duration
        given = Bars.concat([one.bars for one in answers])
        assert given.same_values(_of(MARKET.bars[series], of_it.time))


def test_bars_lie_in_the_time_that_was_answered_for(source: MarketDataSource) -> None:
    for answer in _fetched(source, _wanted(AAPL, SESSIONS[:5]))[AAPL]:
        assert answer.bars.same_values(_of(answer.bars, answer.attested))


def test_a_session_with_no_bars_is_empty_and_answered_for(source: MarketDataSource) -> None:
    answers = _fetched(source, _wanted(AAPL, SESSIONS[2:5]))[AAPL]
    friday = IntervalSet.of((SESSIONS[3].open, SESSIONS[3].close))
    assert IntervalSet(tuple(one for each in answers for one in each.empty)) == friday
    assert all(not answer.empty.difference(answer.attested) for answer in answers)


def test_a_bar_that_has_not_closed_is_not_given(source: MarketDataSource) -> None:
    today = SESSIONS[-1]
    so_far = IntervalSet.of((today.open, MARKET.now))
    answers = _fetched(source, _wanted(AAPL, [today], so_far))[AAPL]
    bars = Bars.concat([one.bars for one in answers])
    # The newest bar may be held back: only the next one shows that nothing is added to it.
    last = int(bars.ts_event[-1])
    assert MARKET.now - MINUTE <= last <= MARKET.now
    assert bars.same_values(_of(MINUTES, IntervalSet.of((today.open, last))))


def test_a_day_counts_as_a_whole(source: MarketDataSource) -> None:
    answers = _fetched(source, _wanted(DAILY, SESSIONS[:5]))[DAILY]
    bars = Bars.concat([one.bars for one in answers])
    assert bars.same_values(MARKET.bars[DAILY].take(slice(0, 4)))
    friday = IntervalSet.of((SESSIONS[3].open, SESSIONS[3].close))
    assert IntervalSet(tuple(one for each in answers for one in each.empty)) == friday


def test_the_history_starts_with_the_first_bar_for_who_asks(source: MarketDataSource) -> None:
    unasked = list(source.fetch([_wanted(MSFT, SESSIONS[4:5])]))
    assert not any(isinstance(one, HistoryStart) for one in unasked)
    asked = list(source.fetch([_wanted(MSFT, SESSIONS[4:5], asks_history_start=True)]))
    starts = [one for one in asked if isinstance(one, HistoryStart)]
    assert starts == [HistoryStart(MSFT, SESSIONS[2].open)]
    assert asked.index(starts[0]) < min(
        place for place, one in enumerate(asked) if isinstance(one, FetchedBars)
    )


def test_a_source_has_a_name_for_the_ledger(source: MarketDataSource) -> None:
    assert source.name().isidentifier()


def test_a_source_can_be_closed_twice_and_asked_again(source: MarketDataSource) -> None:
    source.close()
    source.close()
    assert [one.id for one in source.find("AAPL")] == [AAPL.instrument_id]
