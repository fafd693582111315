"""Which sessions of a series are wanted, judged as `check` judges them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

import attrs
import numpy as np

from application.checked_range import CheckedRange
from application.fetch_neighbours import Neighbours
from application.fetch_parts import Part, joined
from application.fetch_plan import SeriesPlan
from application.fetch_sources import HeldSources
from domain.availability import SeriesHoldings
from domain.ends import Ends
from domain.gaps import Judged, Status, judge, trading_time
from domain.instrument import Series
from domain.intervals import NO_TIME, Interval, IntervalSet
from domain.sessions import (
    Hours,
    Session,
    date_of_label,
    on_grid,
    period_dates,
)
from domain.venues import venue
from domain.window import FAR_FUTURE, FAR_PAST


class Aim(Protocol):
    """What is to be planned for, whatever the series; see `Planner`."""

    @property
    def source(self) -> str:
        """The name of the source that is to be asked."""

    @property
    def now(self) -> int:
        """The time, in UTC nanoseconds."""

    @property
    def refetch(self) -> bool:
        """Whether all of the range is wanted, held or not."""

    @property
    def takes_running(self) -> bool:
        """Whether the session that is on now is meant, as far as it got."""

    @property
    def replaces_others(self) -> bool:
        """Whether all that is held from other sources is wanted anew."""

    @property
    def keeps_others(self) -> bool:
        """Whether what is held from other sources stays, whatever is wanted."""


class SeriesPlanning:
    """One series being planned: `known` are its sessions, and those beyond the range.

    Of sessions in extended hours, the `usual` hours are enough where these are given.
    """

    def __init__(
        self,
        planner: Aim,
        series: Series,
        holdings: SeriesHoldings,
        span: CheckedRange,
        known: Sequence[Session],
        usual: Sequence[Session] = (),
    ) -> None:
        self._planner = planner
        self._usual = usual
        self._series = series
        self._bar_type = series.bar_type
        self._zone = venue(series.instrument_id.venue).tzinfo
        self._holdings = holdings
        self._span = span
        self._known = known
        self._ends = Ends(series.bar_type, known)
        self._sources = HeldSources(holdings, planner.source)
        self._neighbours = Neighbours(known, self._sources, self._bar_type, planner.now)

    def plan(self, name: str, hours: Hours) -> SeriesPlan:
        """Return what is wanted of the series."""
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
            beside=() if self._planner.replaces_others else self._neighbours.beside(wanted),
            held=complete,
            asks_history_start=unknown,
            early=tuple(one.session for one in judged if one.status is Status.BEFORE_HISTORY),
            is_to_come=not judged and any(not self._is_over(one) for one in meant),
            unreplaced=tuple(one.date for one in self._known if self._is_unreplaced(one)),
        )

    def _meant(self) -> list[Session]:
        span = self._span
        meant = span.chosen(self._known)
        if self._bar_type.is_intraday:
            return meant
        # A week or month is meant as a whole, wherever an end of the window cuts it.
        within = span.within
        closing = {self._period(one) for one in meant if within.start < one.close <= within.end}
        return [one for one in self._known if self._period(one) in closing]

    def _judged(self, meant: Sequence[Session]) -> list[Judged]:
        within, now = self._span.within, self._planner.now
        if not self._bar_type.is_intraday:
            always = Interval(FAR_PAST, FAR_FUTURE)
            return judge(meant, self._holdings, always, now, self._known)
        judged = self._with_usual(judge(meant, self._holdings, within, now))
        if not self._planner.takes_running:
            return judged
        boundary = int(on_grid(np.array([now], np.int64), self._bar_type, self._zone)[0])
        running = [one for one in meant if one.open < boundary and now < one.close]
        if boundary > within.start:
            so_far = Interval(within.start, min(within.end, boundary))
            judged += judge(running, self._holdings, so_far, FAR_FUTURE)
        return judged

    def _with_usual(self, judged: list[Judged]) -> list[Judged]:
        """Return what was judged, complete where the usual hours are enough and are held."""
        if not self._usual:
            return judged
        usual = judge(self._usual, self._holdings, self._span.within, self._planner.now)
        enough = {one.session.date for one in usual if one.status is Status.COMPLETE}
        return [
            attrs.evolve(one, status=Status.COMPLETE, holes=NO_TIME)
            if one.session.date in enough and one.status is Status.PARTIAL
            else one
            for one in judged
        ]

    def _is_over(self, session: Session) -> bool:
        return self._ends.is_over(session, self._planner.now)

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
            stays = others and self._planner.keeps_others
            return Part((one.session,), self._within(one.session), not stays, stays)
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
        if not self._is_over(session):
            now = np.array([self._planner.now], np.int64)
            end = min(end, int(on_grid(now, self._bar_type, self._zone)[0]))
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
        starts = on_grid(starts, self._bar_type, self._zone)
        ends = on_grid(ends - 1, self._bar_type, self._zone) + self._bar_type.length
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
            and self._is_over(one)
            and self._sources.others(one)
            and not self._is_unreplaced(one)
        }

    def _together(self, wanted: dict[Session, Part]) -> tuple[Part, ...]:
        """Return the parts in order of time, those of one week or month as one."""
        ordered = [wanted[one] for one in self._known if one in wanted and wanted[one].time]
        runs = groupby(ordered, lambda part: period_dates(part.date, self._bar_type)[0])
        return tuple(joined(list(run)) for _, run in runs)
