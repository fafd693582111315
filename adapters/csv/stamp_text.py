"""Instants as a file writes its stamps."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from decimal import Decimal

from adapters.csv.epochs import decimals_of
from adapters.csv.stamp_formats import StampKind
from domain.sessions import instant_text

_SECOND = 1_000_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def stamp_text(stamp: int, kind: StampKind | None, zone: zoneinfo.ZoneInfo | None) -> str:
    """Return `stamp` (UTC nanoseconds) as a file of that kind has it, in ISO form where it may.

    Times without a zone are those of the clock of `zone`. What is not known to be written
    otherwise ends in Z.
    """
    if kind is None or kind is StampKind.ZONED or (kind is StampKind.LOCAL and zone is None):
        return instant_text(stamp)
    decimals = decimals_of(kind)
    if decimals is not None:
        return _trimmed(f"{Decimal(stamp).scaleb(-decimals):f}")
    seconds, rest = divmod(stamp, _SECOND)
    instant = _EPOCH + dt.timedelta(seconds=seconds)
    if kind is StampKind.DATE:
        return f"{instant:%Y-%m-%d}"
    wall = instant.astimezone(zone)
    return _trimmed(f"{wall:%Y-%m-%d %H:%M:%S}.{rest:09d}")


def _trimmed(text: str) -> str:
    """Return `text` without the zeros that end a fraction: what is longer is found by it, too."""
    return text.rstrip("0").rstrip(".") if "." in text else text
