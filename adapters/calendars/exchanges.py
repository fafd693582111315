"""The calendars of exchanges, as pandas_market_calendars knows them.

It and pandas take most of a second to import, so that happens at the first question only.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from functools import cache

from domain.errors import InvalidInstrumentError
from domain.sessions import Session


@cache
def exchange_names() -> frozenset[str]:
    """Return the name of every calendar that `exchange_sessions` can be asked for."""
    with _quietly():
        from pandas_market_calendars import get_calendar_names

        return frozenset(get_calendar_names())


def exchange_sessions(name: str, first_year: int, last_year: int) -> tuple[Session, ...]:
    """Return the sessions of the calendar `name` dated in these years, regular hours.

    A break at noon or in the afternoon is part of a session. Before an exchange's holidays
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
        hours = schedule[["market_open", "market_close"]]
        # The unit of pandas' stamps differs by version and by how they came about.
        opens, closes = (
            hours[side].astype("datetime64[ns, UTC]").astype("int64") for side in hours
        )
    return tuple(
        Session(day.date(), open_, close)
        for day, open_, close in zip(hours.index, opens.tolist(), closes.tolist(), strict=True)
    )


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep warnings from users that only the library's own developers can act on.

    pandas 2 warns of NumPy 2.5 at every use, and the library of breaks that exchanges have
    given up, which are not asked for here.
    """
    with warnings.catch_warnings(action="ignore"):
        yield
