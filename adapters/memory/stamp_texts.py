"""Stamps in texts, read one by one with the standard library."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections import Counter
from collections.abc import Iterable

from domain.bar_files import ClockChange, DateOrder, FileLayout
from domain.errors import DateOrderNeededError, TimeZoneNeededError, UnknownTimeZoneError
from domain.sessions import instant_text
from domain.window import nanoseconds

DATE, LOCAL, ZONED = "a date alone", "a time without a zone", "a time with a zone"

_YEAR_LAST = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})(.*)")


class UnreadableError(ValueError):
    """What is wrong with one value, in words; it never leaves this folder."""


class StampTexts:
    """The stamps of one file, all of the kind that most of them are."""

    def __init__(self, layout: FileLayout) -> None:
        self._zone = None if layout.time_zone is None else _zone(layout.time_zone)
        self._change, self._order = layout.clock_change, layout.date_order
        self.kind: str | None = None

    def settle(self, texts: Iterable[str]) -> None:
        """Find out what kind the stamps are, and how their dates are written.

        Raises:
            TimeZoneNeededError, DateOrderNeededError: that does not say which instants they are.
        """
        texts = list(texts)
        self._order = self._order or _order_of(texts)
        kinds = Counter(_kind(self._iso(text)) for text in texts)
        del kinds[None]
        self.kind = kinds.most_common(1)[0][0] if kinds else None
        if self.kind == LOCAL and self._zone is None:
            raise TimeZoneNeededError("Stamps carry no time zone.", "Name one with --timezone.")

    def instant(self, text: str) -> int:
        """Return UTC nanoseconds; of a date, its midnight UTC.

        Raises:
            UnreadableError: it is none, or not of the file's kind.
        """
        iso = self._iso(text)
        own = _kind(iso)
        if own is None:
            raise UnreadableError("is no date or time")
        if own != self.kind:
            raise UnreadableError(f"is {own}, where most are {self.kind}")
        stamp = dt.datetime.fromisoformat(iso)
        if own == LOCAL and self._zone is not None:
            return self._on_clock(stamp, self._zone)
        return nanoseconds(stamp.replace(tzinfo=dt.UTC) if own == DATE else stamp)

    def text_of(self, stamp: int) -> str:
        """Return UTC nanoseconds as the file writes its stamps, in ISO form where it may."""
        seconds, rest = divmod(stamp, 1_000_000_000)
        fraction = f".{rest:09d}".rstrip("0").rstrip(".")
        if self.kind == DATE:
            return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()
        if self.kind == LOCAL:
            return dt.datetime.fromtimestamp(seconds, self._zone).strftime(
                f"%Y-%m-%d %H:%M:%S{fraction}"
            )
        return instant_text(stamp)

    def _iso(self, text: str) -> str:
        match = _YEAR_LAST.fullmatch(text)
        if match is None:
            return text
        first, second, year, rest = match.groups()
        if self._order is DateOrder.DAY_FIRST:
            first, second = second, first
        return f"{year}-{first}-{second}{rest}"

    def _on_clock(self, stamp: dt.datetime, zone: zoneinfo.ZoneInfo) -> int:
        instants = sorted(nanoseconds(stamp.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
        if instants[0] != instants[1] and self._change is None:
            raise UnreadableError("falls into the hour that daylight saving skips or repeats")
        return instants[self._change is ClockChange.LATER]


def _order_of(texts: Iterable[str]) -> DateOrder:
    """Return the order that the dates show; any will do where the year always comes first."""
    matches = [match for text in texts if (match := _YEAR_LAST.fullmatch(text))]
    if any(int(match[1]) > 12 for match in matches):
        return DateOrder.DAY_FIRST
    if matches and not any(int(match[2]) > 12 for match in matches):
        raise DateOrderNeededError(
            f"{matches[0][0]} could have the day or the month first.", "Say which."
        )
    return DateOrder.MONTH_FIRST


def _kind(text: str) -> str | None:
    """Return whether a stamp is a date, a time or a time with a zone, or None for neither."""
    try:
        stamp = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if stamp.tzinfo is not None:
        return ZONED
    return LOCAL if ":" in text else DATE


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZoneError(f"There is no time zone {name!r}.", "Name another.") from error
