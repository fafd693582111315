"""Coverage and verdicts against a slow model that marks every minute in sets."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator

import attrs
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.bars import Bars
from domain.coverage import inferred_coverage
from domain.events import CoverageBasis
from domain.gaps import Judged, judge
from domain.instrument import Series
from domain.intervals import NO_TIME, Interval, IntervalSet
from domain.partitions import split_by_partition
from domain.sessions import Session, midnight_utc
from tests.builders import AAPL, MINUTE, minute_bars, new_partition, written

# Minutes are counted from here. New York's clocks change on this day, which must not matter.
ORIGIN = dt.date(2024, 3, 10)
DAY = 1440
DAYS = {ORIGIN + dt.timedelta(days=n): range(n * DAY, (n + 1) * DAY) for n in range(-1, 6)}
ALWAYS = range(-3 * DAY, 7 * DAY)

# How many minutes may pass without a bar amid a session, all holes of over half an hour together:
# half an hour or ten bars, but two hours at most.
SILENCE = {
    "1_MIN": 30,
    "5_MIN": 50,
    "10_MIN": 100,
    "20_MIN": 120,
    "30_MIN": 120,
    "1_HOUR": 120,
    "2_HOUR": 120,
    "3_HOUR": 0,
    "8_HOUR": 0,
}
# And how many may pass anywhere.
SHORT = {name: min(30, silence) for name, silence in SILENCE.items()}
LENGTH = {name: BarType.parse(name).length // MINUTE for name in SILENCE}

Minutes = set[int]
names = st.sampled_from(list(SILENCE))
often = settings(max_examples=300)


def stamp(minute: int) -> int:
    return midnight_utc(ORIGIN) + minute * MINUTE


def some_time(ends: tuple[int, int]) -> range:
    """Return the time between two minutes, which is never none."""
    return range(min(ends), max(*ends, min(ends) + 1))


def intervals(minutes: Minutes) -> IntervalSet:
    return IntervalSet.of(*((stamp(run[0]), stamp(run[-1] + 1)) for run in runs(minutes)))


def runs(minutes: Minutes) -> Iterator[list[int]]:
    """Yield each unbroken run of minutes, in order."""
    run: list[int] = []
    for minute in sorted(minutes):
        if run and minute > run[-1] + 1:
            yield run
            run = []
        run.append(minute)
    if run:
        yield run


def near(marks: list[int], longest: int) -> st.SearchStrategy[int]:
    """Draw a minute at one of `marks`, or as far from it as a silence may or may not last."""
    steps = [0, 1, 30, 31, longest // 2, longest, longest + 1]
    offsets = st.sampled_from([*steps, *(-step for step in steps)]) | st.integers(-90, 90)
    return st.tuples(st.sampled_from(marks), offsets).map(sum)


@st.composite
def bars_of(draw: st.DrawFn, name: str, marks: list[int]) -> list[range]:
    """Draw the minutes of each bar: runs of bars, with edges near `marks` and each other."""
    length, longest = LENGTH[name], SILENCE[name]
    edges: list[int] = []
    for _ in range(draw(st.integers(0, 7))):
        edges += [draw(near(marks, longest))]
        edges += [draw(near([edges[-1]], longest)) for _ in range(draw(st.integers(0, 2)))]
    edges = sorted(set(edges))
    return [
        # The last bar of a run closes early, as at the end of a session.
        range(at, min(at + length, end))
        for start, end in zip(edges[::2], edges[1::2], strict=False)
        for at in range(start, end, length)
    ]


def as_bars(bars: list[range]) -> Bars:
    return attrs.evolve(
        minute_bars(count=len(bars)),
        ts_open=np.array([stamp(bar.start) for bar in bars], np.int64),
        ts_event=np.array([stamp(bar.stop) for bar in bars], np.int64),
    )


def covered_by(bars: list[range], longest: int) -> Minutes:
    """Mark the minutes of the bars, and those of the silences between them that may be."""
    found = {minute for bar in bars for minute in bar}
    for before, after in itertools.pairwise(bars):
        if after.start - before.stop <= longest:
            found.update(range(before.stop, after.start))
    return found


@given(st.data(), names)
@often
def test_coverage_reaches_from_bar_to_bar_over_short_silences(
    data: st.DataObject, name: str
) -> None:
    bars = data.draw(bars_of(name, [0, 390, DAY]))
    found = inferred_coverage(as_bars(bars), BarType.parse(name))
    assert found == intervals(covered_by(bars, SHORT[name]))


@attrs.frozen
class Hours:
    """A session in minutes."""

    date: dt.date
    open: int
    close: int
    pause: tuple[int, int] | None

    @property
    def trading(self) -> Minutes:
        return set(range(self.open, self.close)) - set(range(*(self.pause or (0, 0))))

    @property
    def session(self) -> Session:
        pause = (stamp(self.pause[0]), stamp(self.pause[1])) if self.pause else None
        return Session(self.date, stamp(self.open), stamp(self.close), pause)


@st.composite
def all_hours(draw: st.DrawFn) -> list[Hours]:
    """Draw sessions in order: short and long ones, over midnight, with and without a pause."""
    at, found = draw(st.integers(-300, 700)), []
    for date in list(DAYS)[1 : draw(st.integers(2, 5))]:
        at += draw(st.sampled_from([0, 1, 60, 1050]))
        close = at + draw(st.one_of(st.sampled_from([210, 390, 1380, DAY]), st.integers(1, 500)))
        pause = draw(st.none() | st.tuples(st.integers(at, close), st.integers(at, close)))
        inside = pause is not None and at < pause[0] < pause[1] < close
        found.append(Hours(date, at, close, pause if inside else None))
        at = close
    return found


def some_of(dates: list[dt.date]) -> st.SearchStrategy[set[dt.date]]:
    return st.just(set[dt.date]()) | st.sets(st.sampled_from(dates), max_size=2)


@attrs.frozen
class Held:
    """A partition: the minutes that it covers, and whether its bars alone say so."""

    covered: Minutes
    inferred: bool


@attrs.frozen
class Case:
    """What is held of a series, what no source has of it, and what is asked."""

    bar_type: str
    hours: list[Hours]
    bars: list[range]
    partitions: dict[str, Held]
    corrupt: dict[dt.date, Minutes]
    empty: Minutes
    history_start: int | None
    within: range
    now: int

    @property
    def damaged(self) -> Minutes:
        return {minute for lost in self.corrupt.values() for minute in lost}

    @property
    def holdings(self) -> SeriesHoldings:
        series = Series(AAPL.instrument_id, BarType.parse(self.bar_type))
        found = {}
        for name, part in split_by_partition(as_bars(self.bars), series.bar_type):
            if name in self.partitions:
                found[name] = written(new_partition(part, series, name))
        for name, held in self.partitions.items():
            if not held.inferred:
                found[name] = attrs.evolve(
                    written(new_partition(series=series, partition=name)),
                    coverage=intervals(held.covered),
                    basis=CoverageBasis.ATTESTED,
                )
        return SeriesHoldings(
            series,
            found,
            corrupt=frozenset(map(str, self.corrupt)),
            lost=intervals(self.damaged),
            confirmed_empty=intervals(self.empty),
            history_start=None if self.history_start is None else stamp(self.history_start),
        )


@st.composite
def marked(draw: st.DrawFn, minute: st.SearchStrategy[int]) -> Minutes:
    """Draw stretches of time for which a source has answered."""
    edges = sorted(draw(st.lists(minute, max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return {minute for start, end in pairs for minute in range(start, end)}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    name, hours = draw(names), draw(all_hours())
    marks = [edge for one in hours for edge in (one.open, one.close, *(one.pause or ()))]
    marks += [0, DAY]
    bars = draw(bars_of(name, marks))
    touched = [date for date, day in DAYS.items() if any(mark in day for mark in marks)]
    attested = draw(some_of(touched))
    minute = near(marks, SILENCE[name])
    corrupt = {date: draw(marked(minute)) & set(DAYS[date]) for date in draw(some_of(touched))}
    partitions = {}
    for date, day in DAYS.items():
        if date in corrupt:
            continue
        if date in attested:
            partitions[str(date)] = Held(draw(marked(minute)) & set(day), inferred=False)
        elif inside := [bar for bar in bars if bar.start in day]:
            partitions[str(date)] = Held(covered_by(inside, SHORT[name]), inferred=True)
    start = draw(st.none() | minute)
    edge = st.sampled_from([*marks, *([] if start is None else [start])])
    cut = draw(st.none() | st.tuples(minute, minute) | st.tuples(edge, edge))
    within = some_time(cut) if cut else ALWAYS
    now = draw(st.just(ALWAYS.stop) | minute)
    empty = draw(st.just(set[int]()) | marked(minute))
    return Case(name, hours, bars, partitions, corrupt, empty, start, within, now)


@attrs.frozen
class Verdict:
    """What is said of a session."""

    date: dt.date
    status: str
    holes: IntervalSet = NO_TIME
    confirmed_empty: bool = False


def of(judged: list[Judged]) -> list[Verdict]:
    """Return what was judged, to be compared."""
    return [
        Verdict(one.session.date, one.status.value, one.holes, one.confirmed_empty)
        for one in judged
    ]


def expected(case: Case) -> list[Verdict]:
    """Judge each session by looking at each of its minutes."""
    return [
        verdict(case, hours)
        for hours in case.hours
        if hours.close <= case.now and hours.trading.intersection(case.within)
    ]


def verdict(case: Case, hours: Hours) -> Verdict:
    covered = {minute for part in case.partitions.values() for minute in part.covered}
    damaged = case.damaged
    whole = set(range(hours.open, hours.close))
    known = (covered | case.empty) & whole
    trading = hours.trading
    if not whole & damaged:
        trading -= before_history(case, hours, known)
    lacking = too_long(case, trading, trading - known) if known else trading
    asked = trading.intersection(case.within)
    if asked & damaged:
        return Verdict(hours.date, "corrupt", intervals(lacking & asked))
    if not asked:
        return Verdict(hours.date, "before_history")
    if not lacking & asked:
        return Verdict(hours.date, "complete", confirmed_empty=not whole & covered)
    status = "missing" if asked <= lacking else "partial"
    return Verdict(hours.date, status, intervals(lacking & asked))


def before_history(case: Case, hours: Hours, known: Minutes) -> Minutes:
    """Mark what no source has of a session: the time before all that it has and that is known."""
    start = case.history_start
    if start is None or (start >= hours.close and known):
        return set()
    return set(range(hours.open, min([start, *known])))


def too_long(case: Case, trading: Minutes, lacking: Minutes) -> Minutes:
    """Leave out what is no hole: short ones, and silences amid bars that are not long together."""
    parts = case.partitions.values()
    barred = {minute for part in parts for minute in part.covered}
    inferred = {minute for part in parts if part.inferred for minute in part.covered}
    found, silences = set[int](), list[Minutes]()
    for hole in map(set, runs(lacking)):
        beside = {min(hole) - 1, max(hole) + 1}
        if not beside & inferred:
            found |= hole
        elif len(hole) > SHORT[case.bar_type]:
            amid = beside <= barred & trading
            silences += [hole] if amid else []
            found |= set() if amid else hole
    if sum(map(len, silences)) > SILENCE[case.bar_type]:
        found = found.union(*silences)
    return found


# Two that chance seldom meets: nothing is asked but the pause, or but the time before a listing.
MORNING = Hours(ORIGIN, 0, 300, (120, 180))
IN_THE_PAUSE = Case("1_MIN", [MORNING], [], {}, {}, set(), None, range(130, 150), DAY)
TOO_EARLY = Case("1_MIN", [MORNING], [], {}, {}, set(), 200, range(100), DAY)


@given(cases())
@example(IN_THE_PAUSE)
@example(TOO_EARLY)
@often
def test_verdicts_and_holes_agree_with_looking_at_every_minute(case: Case) -> None:
    sessions = [one.session for one in case.hours]
    within = Interval(stamp(case.within.start), stamp(case.within.stop))
    assert of(judge(sessions, case.holdings, within, stamp(case.now))) == expected(case)


# Over the turn of a year that a week spans; the period of a date is known all around.
WINTER = [dt.date(2024, 12, 23) + dt.timedelta(days=n) for n in range(21)]
AROUND = [WINTER[0] + dt.timedelta(days=n) for n in range(-45, 90)]
PERIODS: dict[str, Callable[[dt.date], object]] = {
    "1_DAY": lambda date: date,
    "1_WEEK": lambda date: date.isocalendar()[:2],
    "1_MONTH": lambda date: (date.year, date.month),
}
CLOSE = 1260


def day_hours(date: dt.date) -> Hours:
    """Return the session of `date`, from 14:30 to 21:00 UTC."""
    midnight = (date - ORIGIN).days * DAY
    return Hours(date, midnight + 870, midnight + CLOSE, None)


@st.composite
def instants(draw: st.DrawFn) -> int:
    """Draw a minute at which a day, or the session of one, ends, or one beside it."""
    midnight = (draw(st.sampled_from(WINTER)) - ORIGIN).days * DAY
    return midnight + draw(st.sampled_from([-1, 0, 1, CLOSE - 1, CLOSE, CLOSE + 1]))


@attrs.frozen
class DatedCase:
    """Bars of a day or longer that are held or nowhere to be had, by date, and what is asked."""

    bar_type: str
    dates: list[dt.date]
    bars: set[dt.date]
    corrupt: dict[int, set[dt.date]]
    empty: set[dt.date]
    history_start: int | None
    within: range
    now: int
    closed: set[dt.date] | None
    """The dates without a session; None where the sessions of whole periods are not known."""

    @property
    def known(self) -> list[Session]:
        """The sessions of all periods that dates are judged of."""
        if self.closed is None:
            return []
        return [day_hours(date).session for date in AROUND if date not in self.closed]

    @property
    def lost(self) -> set[dt.date]:
        return {date for dates in self.corrupt.values() for date in dates}

    @property
    def held(self) -> set[dt.date]:
        return {date for date in self.bars if date.year not in self.corrupt}

    @property
    def holdings(self) -> SeriesHoldings:
        series = Series(AAPL.instrument_id, BarType.parse(self.bar_type))
        found = {}
        for year, dates in itertools.groupby(sorted(self.held), key=lambda date: date.year):
            one = written(new_partition(series=series, partition=str(year)))
            found[str(year)] = attrs.evolve(one, trading_dates=tuple(dates))
        empty = {minute for date in self.empty for minute in day_hours(date).trading}
        return SeriesHoldings(
            series,
            found,
            corrupt=frozenset(map(str, self.corrupt)),
            lost_dates=frozenset(self.lost),
            confirmed_empty=intervals(empty),
            history_start=None if self.history_start is None else stamp(self.history_start),
        )


@st.composite
def dated_cases(draw: st.DrawFn) -> DatedCase:
    dates = st.sets(st.sampled_from(WINTER), max_size=8)
    years = st.sets(st.sampled_from([2024, 2025]), max_size=1)
    cut = draw(st.none() | st.tuples(instants(), instants()))
    chosen = sorted(draw(st.sets(st.sampled_from(WINTER), min_size=5)))
    closed = draw(st.none() | st.sets(st.sampled_from(WINTER)))
    return DatedCase(
        draw(st.sampled_from(list(PERIODS))),
        chosen,
        draw(dates),
        {year: {date for date in draw(dates) if date.year == year} for year in draw(years)},
        draw(st.just(set[dt.date]()) | dates),
        draw(st.none() | instants()),
        some_time(cut) if cut else range(day_hours(WINTER[-1]).close),
        draw(instants() | st.just(day_hours(AROUND[-1]).close)),
        None if closed is None else closed.difference(chosen),
    )


def expected_of_dates(case: DatedCase) -> list[Verdict]:
    """Judge each session by looking for a bar on each date of its period."""
    period, found = PERIODS[case.bar_type], []
    for date in case.dates:
        same = [other for other in AROUND if period(other) == period(date)]
        hours = day_hours(date)
        if case.bar_type == "1_DAY":
            ends = hours.close
        elif case.closed is None:
            ends = day_hours(same[-1]).close - CLOSE + DAY
        else:
            ends = max(day_hours(other).close for other in same if other not in case.closed)
        if ends <= case.now and case.within.start < hours.close <= case.within.stop:
            found.append(verdict_of_date(case, hours, same))
    return found


def verdict_of_date(case: DatedCase, hours: Hours, same: list[dt.date]) -> Verdict:
    date, whole = hours.date, intervals(hours.trading)
    if case.held.intersection(same):
        return Verdict(date, "complete")
    if case.lost.intersection(same):
        return Verdict(date, "corrupt", whole)
    if date in case.empty:
        return Verdict(date, "complete", confirmed_empty=True)
    if case.history_start is not None and hours.close <= case.history_start:
        return Verdict(date, "before_history")
    return Verdict(date, "missing", whole)


@given(dated_cases())
@often
def test_bars_of_a_day_and_longer_agree_with_looking_at_every_date(case: DatedCase) -> None:
    sessions = [day_hours(date).session for date in case.dates]
    within = Interval(stamp(case.within.start), stamp(case.within.stop))
    judged = judge(sessions, case.holdings, within, stamp(case.now), case.known)
    assert of(judged) == expected_of_dates(case)
