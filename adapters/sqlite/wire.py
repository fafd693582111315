"""`PartitionWritten` as JSON, by hand: a ledger holds a million of them, and of the rest few."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

import msgspec

from domain.bar_type import BarType
from domain.events import CoverageBasis, PartitionWritten, WriteCause
from domain.instrument import InstrumentId, Series
from domain.intervals import Interval, IntervalSet


class _SeriesFields(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    bar_type: str
    instrument_id: str


class _Fields(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The fields in the order of the alphabet, in which every payload has them."""

    bars: int
    basis: CoverageBasis
    cause: WriteCause
    coverage: tuple[tuple[int, int], ...]
    detail: str
    first_open: int
    last_close: int
    partition: str
    path: str
    price_precision: int
    revision: int
    series: _SeriesFields
    sha256: str
    size: int
    size_precision: int
    source: str
    trading_dates: tuple[dt.date, ...]


class Projected(msgspec.Struct, gc=False):
    """What the projections keep of the event; dates and coverage stay the JSON that they are."""

    bars: int
    coverage: msgspec.Raw
    partition: str
    price_precision: int
    revision: int
    size: int
    size_precision: int
    source: str
    trading_dates: msgspec.Raw


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Fields).decode
projected = msgspec.json.Decoder(Projected).decode
"""Return the `Projected` fields of a payload."""
whole = msgspec.json.Decoder(list[int]).decode
"""Return one whole number of each of many partitions, from a JSON array of them."""
texts = msgspec.json.Decoder(list[str]).decode
"""Return one text of each of many partitions, from a JSON array of them."""
all_dates = msgspec.json.Decoder(list[tuple[dt.date, ...]]).decode
"""Return the trading dates of many partitions, from a JSON array of theirs."""
_decode_coverage = msgspec.json.Decoder(list[tuple[tuple[int, int], ...]]).decode


def all_coverage(payload: str) -> list[IntervalSet]:
    """Return the coverage of many partitions, from a JSON array of theirs."""
    return [_interval_set(pairs) for pairs in _decode_coverage(payload)]


def _interval_set(pairs: tuple[tuple[int, int], ...]) -> IntervalSet:
    if len(pairs) == 1:  # nearly all of them
        return IntervalSet((Interval(*pairs[0]),))
    return IntervalSet.of(*pairs)


@functools.lru_cache(maxsize=65536)
def series(instrument_id: str, bar_type: str) -> Series:
    """Return the series that is so named.

    Raises:
        InvalidInstrumentIdError, InvalidBarTypeError: a name is none.
    """
    return Series(InstrumentId.parse(instrument_id), BarType.parse(bar_type))


@functools.lru_cache(maxsize=65536)
def _key_of_names(instrument_id: str, bar_type: str) -> str:
    return key(series(instrument_id, bar_type))


def once_for_each[T](function: Callable[[Series], T]) -> Callable[[Series], T]:
    """Return `function` with a memory for its last answer: a batch is of one series.

    It looks for the same object, for to compare two takes longer than what is saved.
    """
    last: tuple[Series, T] | None = None

    def remembering(series: Series) -> T:
        nonlocal last
        known = last
        if known is None or known[0] is not series:
            known = last = (series, function(series))
        return known[1]

    return remembering


@once_for_each
def key(of: Series) -> str:
    """Return how the ledger's index names a series, such as `AAPL.NASDAQ/1_MIN`."""
    return f"{of.instrument_id}/{of.bar_type}"


@once_for_each
def _series_fields(of: Series) -> _SeriesFields:
    return _SeriesFields(str(of.bar_type), str(of.instrument_id))


def encoded(event: PartitionWritten) -> bytes:
    """Return the event's payload."""
    return _encode(
        _Fields(
            event.bars,
            event.basis,
            event.cause,
            tuple([(one.start, one.end) for one in event.coverage.intervals]),
            event.detail,
            event.first_open,
            event.last_close,
            event.partition,
            event.path,
            event.price_precision,
            event.revision,
            _series_fields(event.series),
            event.sha256,
            event.size,
            event.size_precision,
            event.source,
            event.trading_dates,
        )
    )


def checked(payload: str) -> str:
    """Return the key of the series of a payload that `decoded` takes, in half of its time.

    Raises:
        ValueError, BarledgerError: `decoded` does not take it.
    """
    got = _decode(payload)
    for start, end in got.coverage:
        if end < start:
            raise ValueError(f"interval ends at {end} before it starts at {start}")
    return _key_of_names(got.series.instrument_id, got.series.bar_type)


def decoded(payload: str) -> PartitionWritten:
    """Return the event of a payload of the current version.

    Raises:
        ValueError, BarledgerError: the payload is none.
    """
    got = _decode(payload)
    return PartitionWritten(
        series(got.series.instrument_id, got.series.bar_type),
        got.partition,
        got.revision,
        got.path,
        got.sha256,
        got.size,
        got.bars,
        got.first_open,
        got.last_close,
        got.price_precision,
        got.size_precision,
        got.trading_dates,
        _interval_set(got.coverage),
        got.basis,
        got.source,
        got.detail,
        got.cause,
    )
