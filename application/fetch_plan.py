"""Which sessions a source is to be asked for, judged as `check` judges them."""

from __future__ import annotations

import bisect
import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import attrs
import numpy as np

from application.checked_range import CheckedRange, held_edges
from application.fetch_parts import Part, cut_at_midnight
from application.fetch_request import Keep
from application.fetch_sources import HeldSources
from application.fetch_texts import nothing_yet
from domain.availability import Availability, SeriesHoldings
from domain.bar_type import BarType, BarUnit
from domain.fetching import Wanted
from domain.gaps import Judged, Status, is_over, judge, trading_time
from domain.instrument import Instrument, Series
from domain.intervals import NO_TIME, Interval, IntervalSet
from domain.partitions import partition_of
from domain.ports import TradingCalendar
from domain.sessions import (
    Hours,
    Session,
    date_of_label,
    period_dates,
    slots,
)
from domain.venues import venue
from domain.window import FAR_FUTURE, FAR_PAST, Window

# No venue is closed for longer, so that this far away lie the sessions before and after a range.
_NEAR = 16
# So many days hold as many weeks and months as are compared.
_NEAR_OF = {BarUnit.WEEK: 42, BarUnit.MONTH: 160}
# A price of a day differs by the moment that counts as its close: the median of so many tells.
_LONG_BARS_COMPARED = 5


@attrs.frozen
class SeriesPlan:
    """What is wanted of one series, in order of time.

    `meant` are the sessions that were asked about, `held` counts those of them that nothing is
    lacking of. `beside` are parts held from other sources next to what is wanted, to compare
    with and not to publish. `known` are all sessions of the calendar from before the first of
    these parts to after the last, by `calendar`, its name. `instrument` is None until somebody has
    said what it is. Of the dates `unreplaced`, which lie before its first bar, the source has
    nothing to replace what others gave.
    """

    name: str
    series: Series
    hours: Hours
    holdings: SeriesHoldings
    meant: tuple[Session, ...]
    parts: tuple[Part, ...]
    known: tuple[Session, ...]
    beside: tuple[Part, ...] = ()
    held: int = 0
    instrument: Instrument | None = None
    asks_history_start: bool = False
    calendar: str = ""
    unreplaced: tuple[dt.date, ...] = ()

    @property
    def compared(self) -> tuple[Part, ...]:
        """The parts, in order of time, in which levels can be compared."""
        found = [*self.beside, *(part for part in self.parts if part.joins)] if self.parts else []
        return tuple(sorted(found, key=lambda part: part.date))

    @property
    def dates(self) -> tuple[dt.date, dt.date] | None:
        """The first and the last date that was meant."""
        return (self.meant[0].date, self.meant[-1].date) if self.meant else None

    def of(self, instrument: Instrument) -> SeriesPlan:
        """Return the plan for an instrument that is now known; after its expiry is nothing."""
        expiry = instrument.expiry
        kept = [one for one in self.parts if expiry is None or one.date <= expiry]
        beside = self.beside if kept else ()
        return attrs.evolve(self, instrument=instrument, parts=tuple(kept), beside=beside)

    def near(self, dates: Iterable[dt.date]) -> tuple[Part, ...]:
        """Return the whole days, weeks or months of some sessions, to compare levels there."""
        firsts = {period_dates(date, self.series.bar_type)[0] for date in dates}
        return tuple(
            whole_period(first, self.known, self.series.bar_type) for first in sorted(firsts)
        )

    def wanted(self, parts: Sequence[Part], *, asks_history_start: bool = False) -> Wanted:
        """Return what the source is asked for to get `parts` of this plan."""
        if self.instrument is None:
            raise ValueError(f"{self.series}: its instrument is not known yet")
        return Wanted(
            self.series,
            self.instrument,
            self._sessions_of(parts),
            IntervalSet(tuple(one for part in parts for one in part.time)),
            self.hours,
            asks_history_start,
        )

    def _sessions_of(self, parts: Sequence[Part]) -> tuple[Session, ...]:
        """Return all sessions from the first part to the last, those between them included."""
        if not parts:
            return ()
        first, last = parts[0].date, parts[-1].sessions[-1].date
        return tuple(one for one in self.known if first <= one.date <= last)

    def bars_expected(self) -> dict[str, int]:
        """Return how many bars each partition will hold afterwards, at the most."""
        counts: dict[str, int] = {}
        for part in self.parts:
            for name, bars in _expected(part, self.series.bar_type):
                held = self.holdings.partitions.get(name)
                counts[name] = counts.get(name, held.bars if held else 0) + bars
        return counts


@attrs.frozen
class Planner:
    """Finds out what is lacking; `source` is the name of the source that is to be asked.

    `now` is UTC nanoseconds.
    """

    calendar: TradingCalendar
    source: str
    now: int
    window: Window
    hours: Hours = Hours.REGULAR
    refetch: bool = False
    keep: Keep | None = None
    update: bool = False

    def plan(self, name: str, series: Series, availability: Availability) -> SeriesPlan:
        """Return what is to be asked for of `series`.

        Raises:
            NothingHeldError: an end is open, and nothing is held to take it from.
            InvalidWindowError: the start lies in the future, and the end is open.
            UnknownCalendarError: the calendar that was named is none that is known now.
        """
        holdings = availability.holdings(series).remembered()
        span = CheckedRange.of(self._window(series), holdings, self.now)
        hours = self.hours if series.bar_type.is_intraday else Hours.REGULAR
        first, last = self._known_dates(span, holdings, series.bar_type)
        named = availability.calendar_of(series.instrument_id)
        known = self.calendar.sessions(series.instrument_id, first, last, named, hours)
        plan = _Planning(self, series, holdings, span, known).plan(name, hours)
        return attrs.evolve(plan, calendar=self.calendar.describe(series.instrument_id, named))

    def _window(self, series: Series) -> Window:
        """Return the window, whose end is the last session that is over where only it is open."""
        if self.window.end is not None or (self.window.start is None and not self.update):
            return self.window
        zone = venue(series.instrument_id.venue).tzinfo
        if Window(self.window.start).bounds(zone)[0] > self.now:
            raise nothing_yet(series, self.window.start)
        today = dt.datetime.fromtimestamp(self.now // 10**9, zone).date()
        return Window(self.window.start, today + dt.timedelta(days=1))

    @property
    def takes_running(self) -> bool:
        """Whether the session that is on now is meant, as far as it got."""
        return self.window.end is not None and not self.update

    @property
    def replaces_others(self) -> bool:
        """Whether all that is held from other sources is wanted anew."""
        return self.keep is Keep.FETCHED

    def _known_dates(
        self, span: CheckedRange, holdings: SeriesHoldings, bar_type: BarType
    ) -> tuple[dt.date, dt.date]:
        """Return from when to when sessions must be known: those next to the range are, too."""
        first, last = min(span.first, span.last), span.last
        edges = held_edges(holdings)
        if self.replaces_others and edges:
            first = min(first, date_of_label(edges.start))
            last = max(last, date_of_label(edges.end))
        near = _NEAR_OF.get(bar_type.unit, _NEAR)
        return _reaching(first, -near, bar_type), _reaching(last, near, bar_type)


class _Planning:
    """One series being planned."""

    def __init__(
        self,
        planner: Planner,
        series: Series,
        holdings: SeriesHoldings,
        span: CheckedRange,
        known: Sequence[Session],
    ) -> None:
        self._planner = planner
        self._series = series
        self._bar_type = series.bar_type
        self._zone = venue(series.instrument_id.venue).tzinfo
        self._holdings = holdings
        self._span = span
        self._known = known
        self._sources = HeldSources(holdings, planner.source)

    def plan(self, name: str, hours: Hours) -> SeriesPlan:
        meant = self._meant()
        judged = self._judged(meant)
        wanted = {one.session: part for one in judged if (part := self._part(one))}
        wanted |= self._of_others(wanted)
        wanted = self._whole_periods(wanted)
        parts = self._together(wanted)
        complete = sum(
            one.status is Status.COMPLETE and one.session not in wanted for one in judged
        )
        unknown = self._holdings.history_start is None or self._planner.refetch
        return SeriesPlan(
            name=name,
            series=self._series,
            hours=hours,
            holdings=self._holdings,
            meant=tuple(one.session for one in judged),
            parts=parts,
            known=tuple(self._known),
            beside=self._beside(wanted),
            held=complete,
            asks_history_start=unknown,
            unreplaced=tuple(one.date for one in self._known if self._is_unreplaced(one)),
        )

    def _meant(self) -> list[Session]:
        span = self._span
        meant = span.chosen([one for one in self._known if span.first <= one.date <= span.last])
        if self._bar_type.is_intraday:
            return meant
        # A week or month is meant as a whole, wherever an end of the window cuts it.
        within = span.within
        closing = {self._period(one) for one in meant if within.start < one.close <= within.end}
        return [one for one in self._known if self._period(one) in closing]

    def _judged(self, meant: Sequence[Session]) -> list[Judged]:
        within, now = self._span.within, self._planner.now
        if not self._bar_type.is_intraday:
            return judge(meant, self._holdings, Interval(FAR_PAST, FAR_FUTURE), now)
        judged = judge(meant, self._holdings, within, now)
        if not self._planner.takes_running:
            return judged
        boundary = int(slots(np.array([now], np.int64), self._bar_type, self._zone)[0])
        running = [one for one in meant if one.open < boundary and now < one.close]
        if boundary > within.start:
            so_far = Interval(within.start, min(within.end, boundary))
            judged += judge(running, self._holdings, so_far, FAR_FUTURE)
        return judged

    def _whole_periods(self, wanted: dict[Session, Part]) -> dict[Session, Part]:
        """Return what is wanted with all sessions of each week or month of which one is.

        Its bar closes with the last of them: where one was left out, it could close too early.
        """
        if self._bar_type.is_intraday:
            return wanted
        by_period = {self._period(one): part for one, part in wanted.items()}
        return {
            one: wanted.get(one) or attrs.evolve(by, sessions=(one,), time=trading_time(one))
            for one in self._known
            if (by := by_period.get(self._period(one)))
        }

    def _period(self, session: Session) -> dt.date:
        return period_dates(session.date, self._bar_type)[0]

    def _is_unreplaced(self, session: Session) -> bool:
        """Whether others' bars of a session cannot be replaced: the source begins later."""
        planner, start = self._planner, self._holdings.history_start
        if not planner.replaces_others or planner.refetch or start is None:
            return False
        last = period_dates(session.date, self._bar_type)[1]
        begins = date_of_label(start)
        return session.close <= start and last < begins and self._sources.others(session)

    def _part(self, one: Judged) -> Part | None:
        """Return what is wanted of a session, or None where nothing is."""
        if self._is_unreplaced(one.session):
            return None
        others = self._sources.others(one.session)
        if self._planner.refetch or (self._planner.replaces_others and others):
            return Part((one.session,), self._within(one.session), replaces=True)
        if one.status in (Status.COMPLETE, Status.BEFORE_HISTORY):
            return None
        if others or one.status is Status.CORRUPT:
            # Of what another source holds, nobody can tell where it left something out.
            return Part((one.session,), self._within(one.session), joins=others)
        return Part((one.session,), self._on_grid(one.holes, one.session))

    def _within(self, session: Session) -> IntervalSet:
        """Return the time of a session that is asked about and can have bars by now."""
        time = trading_time(session)
        if not self._bar_type.is_intraday:
            return time
        within = self._span.within
        end = within.end
        if not is_over(session, self._bar_type, self._planner.now):
            now = np.array([self._planner.now], np.int64)
            end = min(end, int(slots(now, self._bar_type, self._zone)[0]))
        if within.start <= session.open and session.close <= end:
            return time
        if end <= within.start:
            return NO_TIME
        cut = time.intersection(IntervalSet.of((within.start, end)))
        return self._on_grid(cut, session)

    def _on_grid(self, time: IntervalSet, session: Session) -> IntervalSet:
        """Return the time of all bars of which `time` has a part."""
        whole = trading_time(session)
        if not self._bar_type.is_intraday or not time or time == whole:
            return whole if time else time
        starts = np.array([one.start for one in time], np.int64)
        ends = np.array([one.end for one in time], np.int64)
        starts = slots(starts, self._bar_type, self._zone)
        ends = slots(ends - 1, self._bar_type, self._zone) + self._bar_type.length
        bars = IntervalSet.of(*zip(starts.tolist(), ends.tolist(), strict=True))
        return bars.intersection(whole)

    def _of_others(self, wanted: dict[Session, Part]) -> dict[Session, Part]:
        """Return the sessions held from other sources, where these are all to be replaced."""
        if not self._planner.replaces_others:
            return {}
        return {
            one: Part((one,), trading_time(one), replaces=True)
            for one in self._known
            if one not in wanted
            and is_over(one, self._bar_type, self._planner.now)
            and self._sources.others(one)
            and not self._is_unreplaced(one)
        }

    def _together(self, wanted: dict[Session, Part]) -> tuple[Part, ...]:
        """Return the parts in order of time, those of one week or month as one."""
        ordered = [wanted[one] for one in self._known if one in wanted and wanted[one].time]
        runs = groupby(ordered, lambda part: period_dates(part.date, self._bar_type)[0])
        return tuple(_joined(list(run)) for _, run in runs)

    def _beside(self, wanted: dict[Session, Part]) -> tuple[Part, ...]:
        """Return what other sources hold next to each run of wanted sessions.

        Of bars of a day and longer several are taken: one alone tells little of a level.
        """
        if self._planner.replaces_others:
            return ()
        periods = list(dict.fromkeys(map(self._period, self._known)))
        of_wanted = {self._period(one) for one in wanted}
        most = 1 if self._bar_type.is_intraday else _LONG_BARS_COMPARED
        found: set[dt.date] = set()
        for place, one in enumerate(periods):
            if one in of_wanted:
                before = periods[max(place - most, 0) : place][::-1]
                found.update(self._next_to(before, of_wanted))
                found.update(self._next_to(periods[place + 1 : place + 1 + most], of_wanted))
        return tuple(whole_period(one, self._known, self._bar_type) for one in sorted(found))

    def _next_to(self, beyond: Sequence[dt.date], of_wanted: set[dt.date]) -> Iterator[dt.date]:
        """Yield those of the periods `beyond` that can be compared, up to one that cannot."""
        for one in beyond:
            if one in of_wanted or one not in self._comparable:
                return
            yield one

    @functools.cached_property
    def _comparable(self) -> set[dt.date]:
        """The periods that are over, and that other sources gave bars of."""
        now, others = self._planner.now, self._sources.others
        over = (one for one in self._known if is_over(one, self._bar_type, now))
        return {self._period(one) for one in over if others(one)}


def _date_of(session: Session) -> dt.date:
    return session.date


def whole_period(first: dt.date, known: Sequence[Session], bar_type: BarType) -> Part:
    """Return all that is `known` of the day, week or month that begins with a date."""
    last = period_dates(first, bar_type)[1]
    start = bisect.bisect_left(known, first, key=_date_of)
    end = bisect.bisect_right(known, last, key=_date_of)
    return _joined([Part((one,), trading_time(one), joins=True) for one in known[start:end]])


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    return Part(
        tuple(session for part in parts for session in part.sessions),
        IntervalSet(tuple(one for part in parts for one in part.time)),
        any(part.replaces for part in parts),
        any(part.joins for part in parts),
    )


def _reaching(date: dt.date, days: int, bar_type: BarType) -> dt.date:
    """Return a date so many days beyond the period of `date`, which has whole periods before it.

    A bar of a week or month closes with the last session of its period, which must be known.
    """
    edge = 0 if days < 0 else 1
    beyond = _moved(period_dates(date, bar_type)[edge], days)
    return period_dates(beyond, bar_type)[edge]


def _moved(date: dt.date, days: int) -> dt.date:
    """Return the date so many days later, or the last there is."""
    moved = date.toordinal() + days
    return dt.date.fromordinal(max(1, min(moved, dt.date.max.toordinal())))


def _expected(part: Part, bar_type: BarType) -> Iterator[tuple[str, int]]:
    if not bar_type.is_intraday:
        yield str(part.date.year), 1
        return
    for piece in cut_at_midnight(part.time):
        yield partition_of(piece.start, bar_type), -(-(piece.end - piece.start) // bar_type.length)
