"""Bars, instruments and plans of backtests, built with few words."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from domain.backtesting import BacktestPlan, Settings, StrategySpec
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
ONE_MINUTE = BarType.parse("1_MIN")
ONE_DAY = BarType.parse("1_DAY")
# Tuesday, 2 January 2024, 09:30 in New York.
OPEN = 1_704_205_800 * 1_000_000_000


def equity(name: str, currency: str = "USD", *, size_precision: int = 0) -> Instrument:
    """Return a share that trades in cents and whole shares."""
    return Instrument(
        InstrumentId.parse(name),
        InstrumentClass.EQUITY,
        currency,
        2,
        size_precision,
        Decimal("0.01"),
        Decimal(1),
    )


def future(name: str = "ESH4.CME", expiry: str = "2024-03-15") -> Instrument:
    """Return a future of 50 times its price."""
    return Instrument(
        InstrumentId.parse(name),
        InstrumentClass.FUTURE,
        "USD",
        2,
        0,
        Decimal("0.25"),
        Decimal(1),
        multiplier=Decimal(50),
        expiry=dt.date.fromisoformat(expiry),
    )


def pair(name: str = "EUR/USD.IDEALPRO", price_precision: int = 5) -> Instrument:
    """Return a currency pair, named as it is quoted."""
    instrument_id = InstrumentId.parse(name)
    base, _, quote = instrument_id.symbol.partition("/")
    return Instrument(
        instrument_id,
        InstrumentClass.CURRENCY_PAIR,
        quote,
        price_precision,
        0,
        Decimal(1).scaleb(-price_precision),
        Decimal(1),
        base_currency=base,
    )


def index(name: str = "^SPX.CBOE", currency: str = "USD") -> Instrument:
    """Return an index that is computed to two decimals."""
    return Instrument(
        InstrumentId.parse(name), InstrumentClass.INDEX, currency, 2, 0, Decimal("0.01"), Decimal(1)
    )


def bars(
    closes: Sequence[int],
    *,
    start: int = OPEN,
    step: int = MINUTE,
    price_precision: int = 2,
    volume: int = 1_000_000,
    size_precision: int = 0,
) -> Bars:
    """Return bars that close at `closes`, each opening at the close of the one before."""
    close = np.array(closes, np.int64)
    opened = np.concatenate([close[:1], close[:-1]])
    stamps = start + step * np.arange(len(close), dtype=np.int64)
    return Bars(
        stamps,
        stamps + step,
        opened,
        np.maximum(opened, close),
        np.minimum(opened, close),
        close,
        np.full(len(close), volume, np.int64),
        price_precision,
        size_precision,
    )


def plan(
    *traded: Instrument,
    strategy: str = "buy-and-hold",
    params: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    rates: Sequence[Instrument] = (),
    bar_type: BarType = ONE_MINUTE,
    first_open: int = OPEN,
    report: Path | None = None,
) -> BacktestPlan:
    """Return the plan of a run over `traded`."""
    return BacktestPlan(
        StrategySpec(strategy, params or {}),
        settings or Settings(),
        tuple((one, bar_type) for one in traded),
        tuple((one, bar_type) for one in rates),
        first_open,
        first_open + 365 * DAY,
        report,
    )


def chunk(*parts: tuple[Instrument, Bars], bar_type: BarType = ONE_MINUTE) -> dict[Series, Bars]:
    """Return a chunk of the bars of some instruments."""
    return {Series(instrument.id, bar_type): held for instrument, held in parts}


def cut(whole: Mapping[Series, Bars], *stamps: int) -> list[dict[Series, Bars]]:
    """Return the chunks that `whole` falls into at `stamps`, by when bars open."""
    edges = [0, *stamps, 2**62]
    return [
        {
            series: held.take((held.ts_open >= begin) & (held.ts_open < end))
            for series, held in whole.items()
        }
        for begin, end in itertools.pairwise(edges)
    ]
