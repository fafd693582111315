"""Events as rows: a type's name and version, JSON, and a hash that chains it to the last."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from adapters.sqlite import wire
from adapters.sqlite.upcasting import Fields, current_version, upcast
from domain.bar_type import BarType
from domain.errors import BarledgerError
from domain.events import (
    CsvImported,
    Event,
    FetchAborted,
    FetchCompleted,
    FetchStarted,
    HistoryStartFound,
    InstrumentRegistered,
    LedgerRebuilt,
    Origin,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    RangeConfirmedEmpty,
    RevisionsDiscarded,
    VenueCalendarNamed,
)
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet

if TYPE_CHECKING:
    import cattrs

KINDS: Mapping[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        InstrumentRegistered,
        PartitionWritten,
        PartitionRemoved,
        PartitionMarkedCorrupt,
        PartitionRestored,
        RevisionsDiscarded,
        LedgerRebuilt,
        RangeConfirmedEmpty,
        HistoryStartFound,
        FetchStarted,
        FetchCompleted,
        FetchAborted,
        VenueCalendarNamed,
        CsvImported,
    )
}
_CURRENT = {kind: current_version(kind) for kind in KINDS}
_WRITTEN = PartitionWritten.__name__
_WRITTEN_VERSION = current_version(_WRITTEN)
GENESIS = "0" * 64
_sorted = msgspec.json.Encoder(order="sorted").encode
_chained = msgspec.json.Encoder().encode


class UnknownEventError(Exception):
    """An event of a type, or of a version of it, that only a newer barledger knows."""


class UnreadableEventError(Exception):
    """A payload does not hold the fields of its type."""


@functools.cache
def converter() -> cattrs.Converter:
    """Return what turns events into plain values and back."""
    # Imported here because it takes long, and partitions, of which there are many, need none.
    import cattrs

    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind, parse in ((InstrumentId, InstrumentId.parse), (BarType, BarType.parse)):
        made.register_unstructure_hook(kind, str)
        made.register_structure_hook(kind, _parser(functools.lru_cache(parse)))
    made.register_unstructure_hook(Decimal, str)
    made.register_structure_hook(Decimal, _parser(Decimal))
    made.register_unstructure_hook(dt.date, dt.date.isoformat)
    made.register_structure_hook(dt.date, _parser(functools.lru_cache(dt.date.fromisoformat)))
    made.register_unstructure_hook(IntervalSet, lambda s: [[i.start, i.end] for i in s])
    made.register_structure_hook(IntervalSet, lambda pairs, _: IntervalSet.of(*pairs))
    return made


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what is raised where a payload is not what it should be; asked when it was."""
    from cattrs import ForbiddenExtraKeysError

    return (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        BarledgerError,
        ForbiddenExtraKeysError,
    )


def _parser(parse: Any) -> Any:
    return lambda value, _: parse(value)


def to_json(event: Event) -> str:
    """Return the fields of `event` as JSON, always the same text for the same event.

    Raises:
        UnicodeEncodeError: see `storable`.
    """
    if isinstance(event, PartitionWritten):
        return wire.encoded(event).decode()
    return _sorted(converter().unstructure(event)).decode()


def from_json(kind: str, version: int, payload: str) -> Event:
    """Return the event of the type named `kind` with the fields in `payload`.

    Raises:
        UnknownEventError: there is no such type of event, or not yet this version of it.
        UnreadableEventError: the fields are not those of the type.
    """
    check_known(kind, version)
    try:
        if kind == _WRITTEN and version == _WRITTEN_VERSION:
            return wire.decoded(payload)
        return converter().structure(_fields(kind, version, payload), KINDS[kind])
    except _unreadable() as error:
        raise UnreadableEventError(f"{kind}: {error}") from error


def series_in(kind: str, version: int, payload: str) -> str | None:
    """Return the `series_of` the event that `from_json` returns.

    Raises:
        UnknownEventError, UnreadableEventError: as of `from_json`.
    """
    if kind != _WRITTEN or version != _WRITTEN_VERSION:
        return series_of(from_json(kind, version, payload))
    try:
        return wire.checked(payload)
    except _unreadable() as error:
        raise UnreadableEventError(f"{kind}: {error}") from error


def check_known(kind: str, version: int) -> None:
    """Refuse an event that only a newer barledger can understand.

    Raises:
        UnknownEventError: see `from_json`.
    """
    if version > _CURRENT.get(kind, -1):
        raise UnknownEventError(f"{kind}, version {version}")


def _fields(kind: str, version: int, payload: str) -> Fields:
    if version < 1:
        raise ValueError(f"there is no version {version}")
    fields: Fields = msgspec.json.decode(payload, type=dict)
    return upcast(kind, version, fields)


def projected(version: int, payload: str) -> wire.Projected:
    """Return what the projections keep of a `PartitionWritten`.

    Raises:
        UnknownEventError, UnreadableEventError: as of `from_json`.
    """
    check_known(_WRITTEN, version)
    try:
        if version == _WRITTEN_VERSION:
            return wire.projected(payload)
        return wire.projected(_sorted(_fields(_WRITTEN, version, payload)))
    except _unreadable() as error:
        raise UnreadableEventError(f"{_WRITTEN}: {error}") from error


def storable(event: Event) -> tuple[Event, str]:
    """Return the event as it can be kept, and its payload.

    A file name that is not UTF-8 reaches Python with lone surrogates, which no text in UTF-8 can
    hold: its bytes are made visible with backslashes.
    """
    try:
        return event, to_json(event)
    except UnicodeEncodeError:
        fields = _visible(converter().unstructure(event))
        seen: Event = converter().structure(fields, type(event))
        return seen, to_json(seen)


def storable_origin(origin: Origin) -> Origin:
    """Return the origin as it can be kept: see `storable`."""
    return Origin(*_visible(attrs.astuple(origin)))


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _visible(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(one) for one in value]
    return value


def series_of(event: Event) -> str | None:
    """Return the series that `event` is about, as it stands in the ledger's index."""
    series: Series | None = getattr(event, "series", None)
    return None if series is None else series_key(series)


series_key = wire.key


def series_named(key: str) -> Series:
    """Return the series of `series_key`."""
    return wire.series(*key.rsplit("/", 1))


def chained_hash(previous: str, fields: tuple[object, ...]) -> str:
    """Return the SHA-256 (hex) of an event's fields and of the hash before it.

    The text that is hashed is the JSON array of them, with no spaces and no ASCII escapes.
    """
    return hashlib.sha256(_chained((previous, *fields))).hexdigest()


def chained_hashes(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Return the `chained_hash` of each row, were the one before it what its row says."""
    sha256, encode = hashlib.sha256, _chained
    return [sha256(encode((row[11], *row[:11]))).hexdigest() for row in rows]
