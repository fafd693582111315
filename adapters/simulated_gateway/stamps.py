"""Instants as the protocol writes them, from and to UTC nanoseconds."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Sequence

from adapters.simulated_gateway.refusals import RefusedError
from domain.sessions import date_of_label

SECOND = 1_000_000_000
_IN_ZONE = re.compile(r"(\d{8}) +(\d\d:\d\d:\d\d)(?: (\S+))?")
_IN_UTC = re.compile(r"(\d{8})-(\d\d:\d\d:\d\d)")


def zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone of this name.

    Raises:
        RefusedError: there is none.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise _not_an_instant(name) from error


def instant(stamp: int, where: zoneinfo.ZoneInfo) -> dt.datetime:
    """Return the second in which `stamp` lies, by a clock."""
    return dt.datetime.fromtimestamp(int(stamp) // SECOND, where)


def nanoseconds(at: dt.datetime) -> int:
    """Return an instant in UTC nanoseconds, its fraction of a second left out."""
    return int(at.timestamp()) * SECOND


def parse_end(text: str, own_zone: str) -> int | None:
    """Return the instant that the end of a request names; None where it means now.

    One without a zone is read by the clock of `own_zone`.

    Raises:
        RefusedError: it names no instant.
    """
    if not text:
        return None
    if match := _IN_UTC.fullmatch(text):
        return _parsed(text, match[1], match[2], "UTC")
    if match := _IN_ZONE.fullmatch(text):
        return _parsed(text, match[1], match[2], match[3] or own_zone)
    raise _not_an_instant(text)


def _parsed(text: str, date: str, time: str, zone_name: str) -> int:
    try:
        at = dt.datetime.strptime(f"{date} {time}", "%Y%m%d %H:%M:%S")
    except ValueError as error:
        raise _not_an_instant(text) from error
    return nanoseconds(at.replace(tzinfo=zone(zone_name)))


def _not_an_instant(text: str) -> RefusedError:
    return RefusedError(
        10314,
        f"End Date/Time: The date, time, or time-zone entered is invalid: {text}. "
        "The correct format is yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional.",
    )


def clock_text(stamp: int, where: str) -> str:
    """Return an instant by the clock of the time zone `where`, with the zone's name."""
    return f"{instant(stamp, zone(where)):%Y%m%d %H:%M:%S} {where}"


def stamp_texts(stamps: Sequence[int], where: str, *, epoch: bool) -> list[str]:
    """Return the stamps of intraday bars: seconds since 1970, or times by a clock."""
    if epoch:
        return [str(stamp // SECOND) for stamp in stamps]
    clock = zone(where)
    return [f"{instant(stamp, clock):%Y%m%d %H:%M:%S} {where}" for stamp in stamps]


def date_texts(labels: Sequence[int]) -> list[str]:
    """Return the stamps of bars of a day and longer, YYYYMMDD."""
    return [f"{date_of_label(label):%Y%m%d}" for label in labels]
