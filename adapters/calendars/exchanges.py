"""The calendars of exchanges, as pandas_market_calendars knows them.

It and pandas take most of a second to import, so that happens at the first question only.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.calendars.corrections import DERIVED, corrected
from adapters.calendars.table import SessionTable
from domain.bars import Int64Array
from domain.errors import UnknownCalendarError

_REGULAR = ("market_open", "market_close")


def exchange_names() -> tuple[str, ...]:
    """Return the name of every calendar that `exchange_table` can be asked for, in order."""
    with _quietly():
        from pandas_market_calendars import get_calendar_names

        return tuple(sorted({*get_calendar_names(), *DERIVED}))


def exchange_table(name: str, first_year: int, last_year: int) -> SessionTable:
    """Return the sessions of the calendar `name` dated in these years.

    A break at noon is the session's pause. Before an exchange's holidays
    were recorded, and long after today, every weekday is a session.

    Raises:
        UnknownCalendarError: the library lists the calendar but cannot work it out.
    """
    with _quietly():
        schedule = _schedule(DERIVED.get(name, name), first_year, last_year)

        def dates_of(other: str) -> Int64Array:
            return _ordinals(_schedule(other, first_year, last_year))

        own_name = name if name in DERIVED else _own_name(name)
        return corrected(own_name, _table(schedule), dates_of)


def _schedule(name: str, first_year: int, last_year: int) -> Any:
    """Return the library's table of the sessions of these years."""
    from pandas_market_calendars import get_calendar

    first, last = f"{first_year}-01-01", f"{last_year}-12-31"
    try:
        found = get_calendar(name).schedule(first, last, market_times="all")
    except ValueError as error:
        raise _not_worked_out(name, str(error)) from error
    if not {*_REGULAR} <= {*found.columns}:
        raise _not_worked_out(name, "its hours are not known")
    return found


def _not_worked_out(name: str, reason: str) -> UnknownCalendarError:
    return UnknownCalendarError(
        f"The trading calendar {name} cannot be worked out: {reason}.",
        "Name another one, such as NYSE, FX or 24/7.",
    )


def _own_name(name: str) -> str:
    """Return the name that a calendar has for itself; it is listed under others too."""
    from pandas_market_calendars import get_calendar

    return str(get_calendar(name).name)


def _table(schedule: Any) -> SessionTable:
    opens, closes = (_stamps(schedule[side]) for side in _REGULAR)
    pause_from, pause_to = (
        _stamps(schedule[side]) if side in schedule else opens
        for side in ("break_start", "break_end")
    )
    # Some calendars list the hour between two sessions as a break, or one that was cut off.
    real = (opens < pause_from) & (pause_from < pause_to) & (pause_to < closes)
    pre = np.minimum(_stamps(schedule["pre"]), opens) if "pre" in schedule else opens
    post = np.maximum(_stamps(schedule["post"]), closes) if "post" in schedule else closes
    pauses = (np.where(real, pause_from, 0), np.where(real, pause_to, 0))
    return SessionTable(np.column_stack([_ordinals(schedule), opens, closes, *pauses, pre, post]))


def _ordinals(schedule: Any) -> Int64Array:
    """Return the sessions' dates, as `date.toordinal` counts them."""
    return np.array([day.toordinal() for day in schedule.index], np.int64)


def _stamps(column: Any) -> Int64Array:
    """Return a column of pandas' stamps as UTC nanoseconds."""
    # Their unit differs by version and by how they came about; what is not a time is far past.
    found: Int64Array = column.astype("datetime64[ns, UTC]").astype("int64").to_numpy()
    return found


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep warnings from users that only the library's own developers can act on.

    pandas 2 warns of NumPy 2.5 at every use, and the library of breaks that exchanges have
    given up, which are not asked for here.
    """
    with warnings.catch_warnings(action="ignore"):
        yield
