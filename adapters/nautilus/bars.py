"""Bars of the domain as Nautilus's, exactly: integers are scaled to integers, never doubles."""

from __future__ import annotations

from typing import cast

import numpy as np
from nautilus_trader.model.data import Bar, BarSpecification, BarType
from nautilus_trader.model.enums import AggregationSource, BarAggregation, PriceType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import FIXED_PRECISION, PRICE_MAX, QUANTITY_MAX

from domain.bar_type import BarType as DomainBarType
from domain.bar_type import BarUnit
from domain.bars import PRICE_COLUMNS, Bars, Int64Array
from domain.errors import PrecisionError
from domain.instrument import Instrument, InstrumentClass

_AGGREGATIONS = {
    BarUnit.SEC: BarAggregation.SECOND,
    BarUnit.MIN: BarAggregation.MINUTE,
    BarUnit.HOUR: BarAggregation.HOUR,
    BarUnit.DAY: BarAggregation.DAY,
    BarUnit.WEEK: BarAggregation.WEEK,
    BarUnit.MONTH: BarAggregation.MONTH,
}


def nautilus_bar_type(instrument: Instrument, bar_type: DomainBarType) -> BarType:
    """Return the bar type of a series, such as `AAPL.NASDAQ-1-MINUTE-LAST-EXTERNAL`.

    Currency pairs are mid prices, as IBKR serves them; orders fill at either price type alike.
    """
    is_mid = instrument.instrument_class is InstrumentClass.CURRENCY_PAIR
    price_type = PriceType.MID if is_mid else PriceType.LAST
    specification = BarSpecification(bar_type.step, _AGGREGATIONS[bar_type.unit], price_type)
    instrument_id = InstrumentId.from_str(str(instrument.id))
    return BarType(instrument_id, specification, AggregationSource.EXTERNAL)


def nautilus_bars(bars: Bars, bar_type: BarType) -> list[Bar]:
    """Return `bars` as Nautilus's, with their precisions; both stamps are the close.

    Raises:
        PrecisionError: a price or a volume is greater than Nautilus can hold.
    """
    price, size = bars.price_precision, bars.size_precision
    columns = [_raw(getattr(bars, name), price, PRICE_MAX, bar_type) for name in PRICE_COLUMNS]
    volume = _raw(bars.volume, size, QUANTITY_MAX, bar_type)
    rows = zip(*columns, volume, bars.ts_event.tolist(), strict=True)
    return [
        Bar.from_raw(bar_type, open_, high, low, close, price, quantity, size, stamp, stamp)
        for open_, high, low, close, quantity, stamp in rows
    ]


def _raw(values: Int64Array, precision: int, limit: float, bar_type: BarType) -> list[int]:
    # Beyond its limits Nautilus does not raise: Rust panics and takes the process with it.
    if len(values) and int(np.abs(values).max()) > int(limit) * 10**precision:
        raise PrecisionError(
            f"The bars of {bar_type.instrument_id} hold a value greater than {int(limit):,}, "
            "more than Nautilus Trader can hold.",
            "Correct the bars, or scale the prices and volumes in the file and import it again.",
        )
    factor = 10 ** (FIXED_PRECISION - precision)
    return [value * factor for value in cast("list[int]", values.tolist())]
