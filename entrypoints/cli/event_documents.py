"""The ledger's events in JSON, and as lines of field and value."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import attrs

from domain.bar_type import BarType
from domain.instrument import InstrumentId
from domain.intervals import IntervalSet
from domain.sessions import instant_text
from domain.standing import Entry
from entrypoints.cli.event_texts import sentence

# Stamps are UTC nanoseconds inside, and text that anyone can read outside.
_STAMPS = {"recorded_at", "first_open", "last_close", "ended_before", "start", "end"}


def document(entry: Entry) -> dict[str, Any]:
    """Return an event with all its fields, and what stood before, as JSON knows values."""
    recorded = entry.recorded
    return {
        "seq": recorded.seq,
        "event_id": recorded.event_id,
        "type": type(recorded.event).__name__,
        "recorded_at": instant_text(recorded.recorded_at),
        **attrs.asdict(recorded.origin),
        "what": sentence(entry),
        "fields": plain(recorded.event),
        "before": plain(entry.before),
    }


def plain(value: object) -> Any:
    """Return a value of the domain as numbers, text, lists and objects."""
    if isinstance(value, IntervalSet):
        return [[instant_text(one.start), instant_text(one.end)] for one in value]
    if isinstance(value, InstrumentId | BarType | Decimal):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    kind: Any = type(value)
    if attrs.has(kind):
        names = (field.name for field in attrs.fields(kind))
        return {name: _field(name, getattr(value, name)) for name in names}
    return value


def _field(name: str, value: object) -> Any:
    return instant_text(value) if name in _STAMPS and isinstance(value, int) else plain(value)
