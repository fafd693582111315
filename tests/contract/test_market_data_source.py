"""What every `MarketDataSource` does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.memory.market_data_source import MemoryMarketDataSource
from domain.bars import Bars
from domain.instrument import Instrument, InstrumentClass
from domain.intervals import IntervalSet
from domain.ports import MarketDataSource
from tests.builders import AAPL, MINUTE, MSFT, minute_bars, utc

APPLE = Instrument(
    AAPL.instrument_id, InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
SERVED = minute_bars("2024-01-02T14:30:00", 60)


@pytest.fixture(params=["memory"])
def source(request: pytest.FixtureRequest) -> MarketDataSource:
    return {"memory": MemoryMarketDataSource([APPLE], {AAPL: SERVED})}[request.param]


def _fetched(source: MarketDataSource, *minutes: tuple[int, int]) -> list[Bars]:
    start = utc("2024-01-02T14:30:00")
    wanted = IntervalSet.of(*((start + a * MINUTE, start + b * MINUTE) for a, b in minutes))
    answers = list(source.fetch(AAPL, wanted))
    attested = IntervalSet(tuple(answer.attested for answer in answers))
    assert attested == wanted
    return [answer.bars for answer in answers]


def test_an_instrument_is_found_by_its_symbol_or_its_id(source: MarketDataSource) -> None:
    assert list(source.find("AAPL")) == list(source.find("AAPL.NASDAQ")) == [APPLE]
    assert list(source.find("NVDA")) == []


def test_history_starts_with_the_first_bar(source: MarketDataSource) -> None:
    assert source.history_start(AAPL) == utc("2024-01-02T14:30:00")
    assert source.history_start(MSFT) is None


def test_only_what_is_wanted_is_given_and_all_of_it(source: MarketDataSource) -> None:
    assert Bars.concat(_fetched(source, (5, 10), (20, 22))).same_values(
        Bars.concat([SERVED.take(slice(5, 10)), SERVED.take(slice(20, 22))])
    )


def test_a_stretch_with_no_bars_is_answered_for_with_none(source: MarketDataSource) -> None:
    assert [len(bars) for bars in _fetched(source, (100, 200))] == [0]


def test_a_source_has_a_name_for_the_ledger(source: MarketDataSource) -> None:
    assert source.name().isidentifier()
