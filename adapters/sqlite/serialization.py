"""Events as rows: a type's name and version, JSON, and a hash that chains it to the last."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from decimal import Decimal
from typing import Any

import cattrs

from domain.bar_type import BarType
from domain.events import (
    CsvImported,
    Event,
    InstrumentRegistered,
    LedgerRebuilt,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    RevisionsDiscarded,
)
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet

_TYPES: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        InstrumentRegistered,
        PartitionWritten,
        PartitionRemoved,
        PartitionMarkedCorrupt,
        PartitionRestored,
        RevisionsDiscarded,
        LedgerRebuilt,
        CsvImported,
    )
}
VERSION = 1
GENESIS = "0" * 64


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, parse in ((InstrumentId, InstrumentId.parse), (BarType, BarType.parse)):
        converter.register_unstructure_hook(kind, str)
        converter.register_structure_hook(kind, _parser(parse))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, _parser(Decimal))
    converter.register_unstructure_hook(dt.date, dt.date.isoformat)
    converter.register_structure_hook(dt.date, _parser(dt.date.fromisoformat))
    converter.register_unstructure_hook(IntervalSet, lambda s: [[i.start, i.end] for i in s])
    converter.register_structure_hook(IntervalSet, lambda pairs, _: IntervalSet.of(*pairs))
    return converter


def _parser(parse: Any) -> Any:
    return lambda value, _: parse(value)


def to_json(event: Event) -> str:
    """Return the fields of `event` as JSON, always the same text for the same event."""
    fields = _converter().unstructure(event)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def from_json(kind: str, payload: str) -> Event:
    """Return the event of the type named `kind` with the fields in `payload`.

    Raises:
        KeyError: there is no such type of event.
        ValueError, cattrs.BaseValidationError: the fields are not those of the type.
    """
    return _converter().structure(json.loads(payload), _TYPES[kind])


def series_of(event: Event) -> str | None:
    """Return the series that `event` is about, as it stands in the ledger's index."""
    if isinstance(event, InstrumentRegistered | LedgerRebuilt):
        return None
    return series_key(event.series)


def series_key(series: Series) -> str:
    """Return how the ledger's index names a series, such as `AAPL.NASDAQ/1_MIN`."""
    return f"{series.instrument_id}/{series.bar_type}"


def chained_hash(previous: str, fields: tuple[object, ...]) -> str:
    """Return the SHA-256 (hex) of an event's fields and of the hash before it."""
    text = json.dumps([previous, *fields], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
