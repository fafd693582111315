"""When no bar of a session is still to come."""

from __future__ import annotations

from collections.abc import Sequence

from domain.bar_type import BarType, BarUnit
from domain.sessions import NANOSECONDS_IN_DAY, Session, midnight_utc, period_dates


class Ends:
    """Tells whether the bar that a session is of has ended, whether held or not.

    A bar of a week or month ends with the last session of its period, so `known` are all sessions
    of each period that is asked about, in order. Of a period that has none among them nobody knows
    which is the last one: it ends with its last date, by UTC, which is never too early.
    """

    def __init__(self, bar_type: BarType, known: Sequence[Session]) -> None:
        self._bar_type = bar_type
        self._is_of_periods = bar_type.unit in (BarUnit.WEEK, BarUnit.MONTH)
        self._closes = {period_dates(one.date, bar_type)[0]: one.close for one in known}

    def is_over(self, session: Session, now: int) -> bool:
        """Whether no bar of `session` is still to come at `now`, UTC nanoseconds."""
        return self._end(session) <= now

    def _end(self, session: Session) -> int:
        if not self._is_of_periods:
            return session.close
        first, last = period_dates(session.date, self._bar_type)
        close = self._closes.get(first)
        return midnight_utc(last) + NANOSECONDS_IN_DAY if close is None else close
