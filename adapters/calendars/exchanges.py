"""The calendars of exchanges, as pandas_market_calendars knows them.

It and pandas take most of a second to import, so that happens at the first question only.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from domain.errors import InvalidInstrumentError
from domain.sessions import Session

_SIDES = ("market_open", "market_close", "break_start", "break_end")


@cache
def exchange_names() -> frozenset[str]:
    """Return the name of every calendar that `exchange_sessions` can be asked for."""
    with _quietly():
        from pandas_market_calendars import get_calendar_names

        return frozenset(get_calendar_names())


def exchange_sessions(name: str, first_year: int, last_year: int) -> tuple[Session, ...]:
    """Return the sessions of the calendar `name` dated in these years, regular hours.

    A break at noon is the session's pause. Before an exchange's holidays
    were recorded, and long after today, every weekday is a session.

    Raises:
        InvalidInstrumentError: the library lists the calendar but cannot work it out.
    """
    with _quietly():
        from pandas_market_calendars import get_calendar

        try:
            schedule = get_calendar(name).schedule(f"{first_year}-01-01", f"{last_year}-12-31")
        except ValueError as error:
            raise InvalidInstrumentError(
                f"The trading calendar {name} cannot be worked out: {error}.",
                "Name another one, such as NYSE, FX or 24/7.",
            ) from error
        stamps = {side: _stamps(schedule[side]) for side in _SIDES if side in schedule}
    opens, closes = stamps["market_open"], stamps["market_close"]
    pauses = zip(stamps.get("break_start", opens), stamps.get("break_end", opens), strict=True)
    return tuple(
        Session(day.date(), open_, close, pause if open_ < pause[0] < pause[1] < close else None)
        for day, open_, close, pause in zip(schedule.index, opens, closes, pauses, strict=True)
    )


def _stamps(column: Any) -> list[int]:
    """Return a column of pandas' stamps as UTC nanoseconds."""
    # Their unit differs by version and by how they came about; what is not a time is far past.
    found: list[int] = column.astype("datetime64[ns, UTC]").astype("int64").tolist()
    return found


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep warnings from users that only the library's own developers can act on.

    pandas 2 warns of NumPy 2.5 at every use, and the library of breaks that exchanges have
    given up, which are not asked for here.
    """
    with warnings.catch_warnings(action="ignore"):
        yield
