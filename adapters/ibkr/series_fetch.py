"""Fetches one series: asks its questions, a few ahead, and hands on the answers in order."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.ibkr.answered_bars import bars_of
from adapters.ibkr.chunks import Question, bar_size, halves, of_sessions, question_about, questions
from adapters.ibkr.connection import HistoryRequest
from adapters.ibkr.contract_search import Listing
from adapters.ibkr.contracts import what_to_show
from adapters.ibkr.failures import NoAnswer, Undecodable
from adapters.ibkr.gateway import Gateway
from adapters.ibkr.limits import REQUESTS_IN_FLIGHT, SETTLING_SECONDS, SMALL_BAR_SECONDS
from adapters.ibkr.retries import unusable
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType, BarUnit
from domain.bars import Bars
from domain.fetching import Answer, FetchedBars, HistoryStart, Wanted
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import Hours, Session, midnight_utc, period_dates
from domain.venues import venue

Emit = Callable[[Answer], Awaitable[None]]


class SeriesFetch:
    """One series on its way; `now` is UTC nanoseconds, and no bar that closes later is taken."""

    def __init__(
        self, gateway: Gateway, wanted: Wanted, listing: Listing, now: int, emit: Emit
    ) -> None:
        self._gateway = gateway
        self._wanted = wanted
        self._contract = listing.contract
        self._price_decimals = listing.price_decimals
        self._now = now
        self._emit = emit
        self._name = str(wanted.series.instrument_id)
        self._bar_type = wanted.series.bar_type
        self._what = what_to_show(wanted.instrument.instrument_class)
        self._zone = venue(wanted.series.instrument_id.venue).tzinfo
        self._regular = wanted.hours is Hours.REGULAR

    async def run(self) -> None:
        """Hand on all answers.

        Raises:
            BarledgerError: nothing more will come.
        """
        todo = deque(questions(await self._since_history_start()))
        asked: deque[asyncio.Task[FetchedBars]] = deque()
        try:
            while todo or asked:
                while todo and len(asked) < REQUESTS_IN_FLIGHT:
                    asked.append(asyncio.ensure_future(self._answered(todo.popleft())))
                await self._emit(await asked[0])
                asked.popleft()
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _since_history_start(self) -> Wanted:
        """Return what is wanted without the sessions before the source's first bar."""
        wanted = self._wanted
        if not wanted.asks_history_start:
            return wanted
        start = await self._gateway.history_start(self._name, self._contract, self._what)
        if start is None:
            return wanted
        await self._emit(HistoryStart(wanted.series, start))
        left = tuple(session for session in wanted.sessions if session.close > start)
        return attrs.evolve(wanted, sessions=left, time=of_sessions(left, wanted.time))

    async def _answered(self, question: Question) -> FetchedBars:
        """Return the answer to a question; of sessions without bars it is asked twice."""
        bars = await self._bars(question)
        empty = NO_TIME
        for run in self._silent(question, bars):
            again = question_about(run, of_sessions(run, question.time), self._bar_type)
            more = await self._bars(again)
            bars = _joined(bars, more)
            for silent in self._silent(again, more):
                empty = empty.union(of_sessions(silent, question.time))
        attested = self._attested(question, bars)
        return FetchedBars(self._wanted.series, attested, bars, empty.intersection(attested))

    async def _bars(self, question: Question, used: int = 0) -> Bars:
        """Return the bars of a question, in halves where the whole is not answered in time."""
        parts = halves(question, self._bar_type, self._zone)
        try:
            answer = await self._gateway.history(
                self._name,
                self._request(question),
                small_bars=has_small_bars(self._bar_type),
                used=used,
                can_ask_less=len(parts) > 1,
            )
        except NoAnswer:
            return Bars.concat([await self._bars(part, used + 1) for part in parts])
        if answer is None:
            return Bars.empty()
        try:
            return self._wanted_of(bars_of(answer, self._wanted, self._price_decimals), question)
        except Undecodable as error:
            raise unusable(error, self._name) from error

    def _wanted_of(self, bars: Bars, question: Question) -> Bars:
        """Return the bars that were asked for and have closed."""
        if not self._bar_type.is_intraday:
            dates = {self._period(session) for session in question.sessions}
            labels = np.array([midnight_utc(date) for date in dates], np.int64)
            return bars.take(np.isin(bars.ts_open, labels) & (bars.ts_event <= self._now))
        starts = np.array([one.start for one in question.time], np.int64)
        ends = np.array([one.end for one in question.time], np.int64)
        place = np.searchsorted(starts, bars.ts_open, side="right") - 1
        inside = (place >= 0) & (bars.ts_event <= ends[np.maximum(place, 0)])
        return bars.take(inside & (bars.ts_event <= self._now))

    def _silent(self, question: Question, bars: Bars) -> Iterator[tuple[Session, ...]]:
        """Yield sessions in a row that have ended, and of which an answer has no bar."""
        for silent, run in groupby(question.sessions, lambda one: self._is_silent(one, bars)):
            if silent:
                yield tuple(run)

    def _is_silent(self, session: Session, bars: Bars) -> bool:
        return self._has_settled(session) and not self._bars_in(session, bars).any()

    def _has_settled(self, session: Session) -> bool:
        """Whether nothing of a session is still to come."""
        return session.close + SETTLING_SECONDS * NANOSECONDS_IN_SECOND <= self._now

    def _bars_in(self, session: Session, bars: Bars) -> NDArray[np.bool_]:
        if not self._bar_type.is_intraday:
            of_period: NDArray[np.bool_] = bars.ts_open == midnight_utc(self._period(session))
            return of_period
        inside: NDArray[np.bool_] = (bars.ts_open >= session.open) & (bars.ts_open < session.close)
        return inside

    def _attested(self, question: Question, bars: Bars) -> IntervalSet:
        """Return the time that an answer speaks of: to its last bar where a session goes on."""
        attested = question.time
        for session in question.sessions:
            if self._has_settled(session):
                continue
            closes = bars.ts_event[self._bars_in(session, bars)]
            last = int(closes.max()) if len(closes) else session.open
            if self._bar_type.is_intraday or not len(closes):
                attested = attested.difference(IntervalSet.of((last, max(last, session.close))))
        return attested

    def _request(self, question: Question) -> HistoryRequest:
        seconds = -(-question.end // NANOSECONDS_IN_SECOND)
        return HistoryRequest(
            contract=self._contract,
            end=dt.datetime.fromtimestamp(seconds, dt.UTC),
            duration=question.duration,
            bar_size=bar_size(self._bar_type),
            what_to_show=self._what,
            regular_hours=self._regular,
        )

    def _period(self, session: Session) -> dt.date:
        return period_dates(session.date, self._bar_type)[0]


def has_small_bars(bar_type: BarType) -> bool:
    """Whether IBKR's rules for small bars are about these."""
    return bar_type.unit is BarUnit.SEC and bar_type.step <= SMALL_BAR_SECONDS


def _joined(one: Bars, other: Bars) -> Bars:
    """Return the bars of both in order of time; none is in both."""
    both = Bars.concat([one, other])
    return both.take(np.argsort(both.ts_open, kind="stable"))
