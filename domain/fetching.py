"""What is asked of a source of bars, and what can come back."""

from __future__ import annotations

import datetime as dt
import enum

import attrs

from domain.bars import Bars
from domain.errors import BarledgerError
from domain.instrument import Instrument, Series
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, Hours, Session
from domain.window import FAR_FUTURE

MAY_STILL_COME = 2 * NANOSECONDS_IN_DAY
"""So many nanoseconds after the end of a session a source may still get bars of it."""


@attrs.frozen
class Wanted:
    """What a source is to give of one series.

    `sessions` are all of the calendar from the first of which something is wanted to the last,
    those between them that are held included, in order. `time` is the part of their hours that is
    lacking, in UTC nanoseconds; of bars of a day and longer a session is lacking as a whole.
    `hours` are those that the sessions are made of.
    `asks_history_start` tells that nobody knows yet when the source's bars begin; `history_start`
    is when they do, UTC nanoseconds, where that is known.
    """

    series: Series
    instrument: Instrument
    sessions: tuple[Session, ...]
    time: IntervalSet
    hours: Hours = Hours.REGULAR
    asks_history_start: bool = False
    history_start: int | None = None


@attrs.frozen(eq=False)
class FetchedBars:
    """What a source says of the time that it `attested`: these bars and no others.

    `bars` have closed, are in order, and lie in `attested`, which is a part of what was wanted.
    Of the time in `empty`, a part of `attested`, it was asked twice and said that there are none.
    Answers about one series come in order of time. What none of them attests is not known yet:
    the end of a session that goes on, or sessions without a bar that cannot be confirmed.
    `as_of` is the source's time when it was asked, UTC nanoseconds, where it tells that.
    """

    series: Series
    attested: IntervalSet
    bars: Bars
    empty: IntervalSet = NO_TIME
    as_of: int = FAR_FUTURE


@attrs.frozen
class HistoryStart:
    """The first bar that a source has of a series opens at `start`, UTC nanoseconds."""

    series: Series
    start: int


@attrs.frozen
class Stray:
    """A source has so many `bars` on these `dates` (UTC) that lie in no session of the calendar.

    They are left out; the calendar may be wrong.
    """

    series: Series
    dates: tuple[dt.date, ...]
    bars: int


@attrs.frozen
class Lacks:
    """A source has no bars in `holes`, and nearly all others of the sessions that these lie in.

    `holes` are half an hour or longer, in UTC nanoseconds; the source answers for them as for any
    other time. With `asked_twice` it was asked about them a second time, and said the same.
    """

    series: Series
    holes: IntervalSet
    asked_twice: bool


@attrs.frozen
class SeriesFailed:
    """Of one series nothing more will come, because of `error`; of the others it may."""

    series: Series
    error: BarledgerError


class WaitCause(enum.Enum):
    """Why a source is not asked for a while."""

    CONNECTING = "connecting"
    """It does not answer yet; when no seconds are left it is given up."""
    HUNG_UP = "hung-up"
    """It took the first connection, and closed it before it was ready."""
    RATE_LIMIT = "rate-limit"
    """It said that it was asked too often."""
    LOST = "lost"
    """The connection to it, or its own to the market's data, broke."""
    NO_ANSWER = "no-answer"
    """It did not answer in time."""
    CANCELLED = "cancelled"
    """It dropped a request that nobody cancelled."""
    UNREADABLE = "unreadable"
    """It answered what makes no sense."""
    NOT_KNOWN = "not-known"
    """It knows no such instrument, as it also says by mistake while it is restarted."""
    PACING = "pacing"
    """It would be asked too often otherwise."""


@attrs.frozen
class Waiting:
    """A source is asked again in so many `seconds`; none are left when the wait is over.

    They are whole ones, and told anew every second; a wait of less than one has tenths. That will
    be the `attempt`th of at most `attempts`, which are 0 for waits that come by themselves, such as
    those between requests of a kind.
    """

    cause: WaitCause
    seconds: float
    attempt: int = 0
    attempts: int = 0

    @property
    def is_paced(self) -> bool:
        """Whether it is one of the waits that keep a fetch at the pace that the source allows."""
        return self.cause is WaitCause.PACING


Answer = FetchedBars | HistoryStart | Stray | Lacks | SeriesFailed | Waiting
