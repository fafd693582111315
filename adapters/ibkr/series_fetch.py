"""Fetches one series: asks its questions, a few ahead, and hands on the answers in order."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import attrs

from adapters.ibkr.answered_bars import Heard
from adapters.ibkr.chunks import (
    Question,
    by_session,
    longest_time,
    of_sessions,
    question_about,
    questions,
)
from adapters.ibkr.completeness import Completeness, begins_near, shows_silence
from adapters.ibkr.contract_search import Listing
from adapters.ibkr.gateway import Gateway
from adapters.ibkr.hearing import Hearing, has_small_bars, joined
from adapters.ibkr.holes import holes
from adapters.ibkr.limits import HOLES_ASKED_AGAIN, REQUESTS_IN_FLIGHT
from domain.bar_type import BarType, BarUnit
from domain.bars import Bars
from domain.fetching import Answer, FetchedBars, HistoryStart, Lacks, Stray, Wanted
from domain.instrument import Series
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import Session, date_of_label
from domain.window import FAR_PAST

Emit = Callable[[Answer], Awaitable[None]]
_MINUTE = BarType(1, BarUnit.MIN)


class SeriesFetch:
    """One series on its way; `now` is UTC nanoseconds, and no bar that closes later is taken."""

    def __init__(
        self,
        gateway: Gateway,
        wanted: Wanted,
        listing: Listing,
        now: int,
        emit: Emit,
        budget: asyncio.Semaphore,
    ) -> None:
        """Take what to ask for; `budget` has a place for each answer that was not handed on yet."""
        self._wanted = wanted
        self._hearing = Hearing(gateway, wanted, listing)
        minutes = Series(wanted.series.instrument_id, _MINUTE)
        self._minutes = Hearing(gateway, attrs.evolve(wanted, series=minutes), listing)
        self._completeness = Completeness(wanted.series.bar_type, now, wanted.sessions)
        self._emit = emit
        self._budget = budget
        self._start = wanted.history_start
        self._stray: set[int] = set()
        self._holes = {True: NO_TIME, False: NO_TIME}
        """Those that were asked for twice, and the others; of what was not told yet."""
        self._asked_for_holes = 0
        self._bar_type = wanted.series.bar_type

    async def run(self) -> None:
        """Hand on all answers.

        Raises:
            BarledgerError: nothing more will come.
        """
        todo = questions(await self._since_history_start())
        asked: deque[asyncio.Task[FetchedBars]] = deque()
        try:
            while True:
                for question in itertools.islice(todo, REQUESTS_IN_FLIGHT - len(asked)):
                    asked.append(asyncio.ensure_future(self._answered(self._open(question))))
                if not asked:
                    break
                answer = await asked[0]
                await self._tell_holes()
                await self._emit(answer)
                asked.popleft()
                self._budget.release()
        finally:
            await self._end(asked)
        if self._stray:
            dates = sorted({date_of_label(one) for one in self._stray})
            await self._emit(Stray(self._wanted.series, tuple(dates), len(self._stray)))

    async def _tell_holes(self) -> None:
        """Tell of what is lacking before the bars are handed on: with the last a series is over."""
        for twice, lacking in self._holes.items():
            if lacking:
                self._holes[twice] = NO_TIME
                await self._emit(Lacks(self._wanted.series, lacking, twice))

    def _open(self, question: Question) -> Question:
        """Return the question, with a bar more where a session goes on: it shows what has ended."""
        bar_type = self._bar_type
        if not bar_type.is_intraday or self._completeness.has_settled(question.sessions[-1]):
            return question
        span, longest = question.span, longest_time(bar_type)
        if longest and span.end - span.start + bar_type.length > longest:
            return question  # the rest shows it, or another run does
        return question_about(question.sessions, question.time, bar_type, further=bar_type.length)

    async def _end(self, asked: Iterable[asyncio.Task[FetchedBars]]) -> None:
        """Cancel what is still asked, and give back its places."""
        for task in asked:
            task.cancel()
        for ended in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(ended, FetchedBars):
                self._budget.release()

    async def _since_history_start(self) -> Wanted:
        """Return what is wanted without the sessions before the source's first bar."""
        wanted = self._wanted
        if not wanted.asks_history_start:
            return wanted
        start = await self._hearing.history_start()
        before = tuple(one for one in wanted.sessions if start and one.close <= start)
        if start is None or (before and await self._has_bars(before)):
            return wanted
        self._start = start
        await self._emit(HistoryStart(wanted.series, start))
        left = wanted.sessions[len(before) :]
        return attrs.evolve(wanted, sessions=left, time=of_sessions(left, wanted.time))

    async def _has_bars(self, before: Sequence[Session]) -> bool:
        """Whether there are bars before what is said to be the start; one session tells."""
        last = before[-1]
        longest = longest_time(self._bar_type) or last.close - last.open
        time = IntervalSet.of((max(last.open, last.close - longest), last.close))
        found = await self._heard(question_about([last], time, self._bar_type))
        return bool(len(found.bars))

    async def _answered(self, question: Question) -> FetchedBars:
        """Return the answer to a question; of sessions without bars it is asked twice."""
        await self._budget.acquire()
        try:
            return await self._completed(question)
        except BaseException:
            self._budget.release()
            raise

    async def _completed(self, question: Question) -> FetchedBars:
        judge = self._completeness
        first = await self._heard(question)
        bars, empty, unknown = judge.kept(first, question), NO_TIME, NO_TIME
        again: set[Session] = set()
        for run in judge.doubtful(question, first, bars, self._start):
            again.update(run)
            if has_small_bars(self._bar_type):
                bars, left = await self._by_minutes(question, bars)
            else:
                bars, left = await self._again(run, question.time, bars, first)
            unknown = unknown.union(judge.unknown(left, bars, question.time))
            empty = empty.union(of_sessions(tuple(judge.silent(run, bars)), question.time))
        bars = await self._filled(question, bars, again, unknown)
        attested = judge.attested(question, bars).difference(unknown)
        empty = empty.intersection(attested)
        return FetchedBars(self._wanted.series, attested, bars, empty, judge.now)

    async def _filled(
        self, question: Question, bars: Bars, again: Collection[Session], unknown: IntervalSet
    ) -> Bars:
        """Ask for sessions with holes a second time, those that were asked for `again` excepted.

        Return all bars, and take note of what is lacking still.
        """
        judge = self._completeness
        before = IntervalSet.of((FAR_PAST, self._start)) if self._start is not None else NO_TIME
        known = question.time.difference(unknown.union(before))
        for session, time in by_session(question.sessions, known):
            if not judge.has_settled(session) or not holes(bars, time, self._bar_type):
                continue
            twice = session in again
            if not twice and self._asked_for_holes < HOLES_ASKED_AGAIN:
                self._asked_for_holes, twice = self._asked_for_holes + 1, True
                control = question_about((session,), time, self._bar_type, control=True)
                bars = joined(bars, judge.kept(await self._heard(control), control))
            lacking = holes(bars, time, self._bar_type)
            self._holes[twice] = self._holes[twice].union(lacking)
        return bars

    async def _again(
        self, run: tuple[Session, ...], time: IntervalSet, bars: Bars, first: Heard
    ) -> tuple[Bars, tuple[Session, ...]]:
        """Ask for sessions again, and for the first of them until an answer reaches them.

        Return all bars, and the sessions that none has reached, not even the `first` answer: who
        has no bars before them to show cannot say that these do not exist.
        """
        while run:
            question = question_about(run, of_sessions(run, time), self._bar_type, control=True)
            more = await self._heard(question)
            bars = joined(bars, self._completeness.kept(more, question))
            if len(more.opens) and self._completeness.reaches(first, run[0]):
                return bars, ()
            left = self._completeness.unreached(run, more)
            if len(left) == len(run):
                # Before the source's first bar there is none to show.
                is_first = len(more.opens) and begins_near(self._start, run[0])
                return bars, () if is_first else run
            run = left
        return bars, ()

    async def _by_minutes(self, question: Question, bars: Bars) -> tuple[Bars, tuple[Session, ...]]:
        """Ask in bars of a minute whether time without a bar is silent, else for it once more.

        A question about bars of seconds reaches back to nothing before its session: that it is
        answered with none shows only that none came. Minutes reach back days for one request more.

        Return all bars, and the session where it is not known what is in it.
        """
        run, time = question.sessions, question.time
        whole = IntervalSet.of((run[0].open, run[-1].close))
        minutes = await self._minutes.heard(question_about(run, whole, _MINUTE, control=True))
        if shows_silence(minutes, question, self._start):
            return bars, ()
        again = question_about(run, time, self._bar_type, control=True)
        found = self._completeness.kept(await self._heard(again), again)
        return joined(bars, found), () if len(found) else run

    async def _heard(self, question: Question) -> Heard:
        found = await self._hearing.heard(question)
        stray = self._completeness.stray(question, found, self._wanted.sessions)
        self._stray.update(stray.tolist())
        return found
