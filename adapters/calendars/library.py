"""The exchanges' calendars, from memory, from disk, or worked out anew: the quickest there is."""

from __future__ import annotations

import datetime as dt
from itertools import chain

from adapters.calendars.exchanges import exchange_names, exchange_table
from adapters.calendars.kept_files import KeptFiles
from adapters.calendars.table import SessionTable
from domain.sessions import Hours, Session

# The whole years that UTC nanoseconds can count; outside them there are no sessions.
FIRST_YEAR, LAST_YEAR = 1678, 2261
# What a first question costs is mostly the import of the library (0.9 s); 40 years together take
# 0.3 s, one takes 0.05. So the years from 1990 to 2029 are worked out and kept at once.
_BLOCK_YEARS = 40
_EPOCH = 1990
_NAMES = "names"


class CalendarLibrary:
    """Answers for the calendars of exchanges; without `kept` nothing outlives the process."""

    def __init__(self, kept: KeptFiles | None = None) -> None:
        self._kept = kept
        self._names: frozenset[str] = frozenset()
        self._tables: dict[tuple[str, int], SessionTable] = {}
        self._years: dict[tuple[str, int, Hours], tuple[Session, ...]] = {}

    def names(self) -> frozenset[str]:
        """Return the names of the calendars of exchanges."""
        if not self._names:
            data = self._kept.read(_NAMES) if self._kept else None
            names = data.decode().split("\n") if data else exchange_names()
            if self._kept and not data:
                self._kept.write(_NAMES, "\n".join(names).encode())
            self._names = frozenset(names)
        return self._names

    def sessions(
        self, name: str, first_year: int, last_year: int, hours: Hours
    ) -> tuple[Session, ...]:
        """Return the sessions of the calendar `name` dated in these years, in order.

        Raises:
            UnknownCalendarError: the library lists the calendar but cannot work it out.
        """
        years = range(max(first_year, FIRST_YEAR), min(last_year, LAST_YEAR) + 1)
        return tuple(chain.from_iterable(self._year(name, year, hours) for year in years))

    def _year(self, name: str, year: int, hours: Hours) -> tuple[Session, ...]:
        key = (name, year, hours)
        if key not in self._years:
            table = self._table(name, (year - _EPOCH) // _BLOCK_YEARS)
            ends = (dt.date(year, 1, 1), dt.date(year, 12, 31))
            self._years[key] = table.sessions(*ends, hours)
        return self._years[key]

    def _table(self, name: str, block: int) -> SessionTable:
        """Return a block of years that are worked out and kept together."""
        if (name, block) not in self._tables:
            first = _EPOCH + block * _BLOCK_YEARS
            years = (max(first, FIRST_YEAR), min(first + _BLOCK_YEARS - 1, LAST_YEAR))
            self._tables[name, block] = self._read_or_make(name, *years)
        return self._tables[name, block]

    def _read_or_make(self, name: str, first_year: int, last_year: int) -> SessionTable:
        title = f"{name} {first_year}-{last_year}"
        data = self._kept.read(title) if self._kept else None
        if data is not None:
            return SessionTable.from_bytes(data)
        table = exchange_table(name, first_year, last_year)
        if self._kept:
            self._kept.write(title, table.to_bytes())
        return table
