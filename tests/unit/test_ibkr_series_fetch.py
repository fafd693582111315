"""One series is fetched whole, whatever the gateway makes of the questions."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs
import numpy as np
import pytest
from ib_async import Contract

from adapters.ibkr.contract_search import Listing
from adapters.ibkr.decoding import HistoryAnswer
from adapters.ibkr.history_request import HistoryRequest
from adapters.ibkr.series_fetch import SeriesFetch
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import UnusableAnswerError
from domain.fetching import Answer, FetchedBars, HistoryStart, Lacks, Stray, Wanted
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from domain.intervals import IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, Session, instant_text
from domain.window import nanoseconds
from tests.builders import AAPL, MINUTE, utc

HOUR = 60 * MINUTE
DAY = 24 * HOUR
LATER = utc("2024-06-01T00:00:00")
APPLE = Instrument(
    AAPL.instrument_id, InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
Change = Callable[[HistoryRequest, list[int]], list[int] | None]


def _sessions(days: int, first: str = "2024-01-02") -> tuple[Session, ...]:
    date, found = dt.date.fromisoformat(first), []
    while len(found) < days:
        if date.weekday() < 5:
            opened = utc(f"{date}T14:30:00")
            found.append(Session(date, opened, opened + 6 * HOUR + 30 * MINUTE))
        date += dt.timedelta(days=1)
    return tuple(found)


def _opens(sessions: Sequence[Session], step: int = MINUTE) -> list[int]:
    found: list[int] = []
    for one in sessions:
        found += range(one.open, one.close, step)
    return [at for at in found if not any(_in_pause(at, one) for one in sessions)]


def _hours(sessions: Sequence[Session]) -> list[int]:
    """Return when bars of an hour open: with the session, and then at full hours."""
    return [
        at for one in sessions for at in (one.open, *range(one.open + HOUR // 2, one.close, HOUR))
    ]


def _in_pause(at: int, session: Session) -> bool:
    return session.pause is not None and session.pause[0] <= at < session.pause[1]


@attrs.define
class Gateway:
    """Serves bars that open at `opens`; `change` alters what an answer holds, None is no data."""

    opens: Sequence[int]
    sessions: Sequence[Session]
    change: Change = lambda _, opens: opens
    start: int | None = None
    requests: list[HistoryRequest] = attrs.field(factory=list)

    async def history_start(self, name: str, contract: Contract, what: str) -> int | None:
        return self.start

    async def history(
        self, name: str, request: HistoryRequest, **_: object
    ) -> HistoryAnswer | None:
        self.requests.append(request)
        end = nanoseconds(request.end)
        begin = self._begin(request.duration, end)
        opens = self.change(request, [at for at in self.opens if begin <= at < end])
        if not opens:
            return None
        dates = [str(at // 10**9) for at in opens]
        same = ["187.5"] * len(opens)
        return HistoryAnswer("", "", dates, same, same, same, same, ["100"] * len(opens))

    def _begin(self, duration: str, end: int) -> int:
        count, unit = duration.split()
        if unit == "S":
            return end - int(count) * 10**9
        before = [one.open for one in self.sessions if one.open < end]
        return before[-int(count) :][0] if before else end


def _wanted(sessions: Sequence[Session], **more: object) -> Wanted:
    time: list[tuple[int, int]] = []
    for one in sessions:
        if one.pause is None:
            time.append((one.open, one.close))
        else:
            time += [(one.open, one.pause[0]), (one.pause[1], one.close)]
    wanted = Wanted(AAPL, APPLE, tuple(sessions), IntervalSet.of(*time))
    return attrs.evolve(wanted, **more)  # type: ignore[arg-type]


def _fetch(gateway: Gateway, wanted: Wanted, now: int = LATER) -> list[Answer]:
    answers: list[Answer] = []

    async def emit(answer: Answer) -> None:
        answers.append(answer)

    async def run() -> None:
        listing = Listing(Contract(conId=1, secType="STK", symbol="AAPL", exchange="SMART"), 0)
        budget = asyncio.Semaphore(20)
        await SeriesFetch(gateway, wanted, listing, now, emit, budget).run()  # type: ignore[arg-type]

    asyncio.run(run())
    return answers


def _sum(answers: list[Answer]) -> tuple[Bars, IntervalSet, IntervalSet]:
    """Return all bars, and all that was attested and confirmed empty."""
    fetched = [one for one in answers if isinstance(one, FetchedBars)]
    return (
        Bars.concat(one.bars for one in fetched),
        IntervalSet(tuple(part for one in fetched for part in one.attested)),
        IntervalSet(tuple(part for one in fetched for part in one.empty)),
    )


def test_what_is_served_comes_and_is_attested() -> None:
    sessions = _sessions(45)
    gateway, wanted = Gateway(_opens(sessions), sessions), _wanted(sessions)
    bars, attested, empty = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == list(gateway.opens)
    assert (attested, empty) == (wanted.time, IntervalSet())
    assert [one.duration for one in gateway.requests] == ["20 D", "20 D", "5 D"]
    assert all(one.regular_hours for one in gateway.requests)


@pytest.mark.parametrize("bar_type", ["1_MIN", "1_HOUR"])
def test_a_session_that_an_answer_begins_amid_is_asked_for_by_itself(bar_type: str) -> None:
    """IBKR counts trading days as it knows them: an answer can begin some hours late."""
    sessions = _sessions(20)
    opens_of = _opens if bar_type == "1_MIN" else _hours

    def cut(request: HistoryRequest, opens: list[int]) -> list[int]:
        return [at for at in opens if at >= opens[0] + 4 * HOUR]

    series = Series(AAPL.instrument_id, BarType.parse(bar_type))
    gateway = Gateway(opens_of(sessions), sessions, cut)
    wanted = _wanted(sessions[10:], series=series)
    bars, attested, _ = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == opens_of(sessions[10:])
    assert attested == wanted.time
    assert [one.duration for one in gateway.requests] == ["10 D", "6 D"]


def test_of_a_session_that_was_asked_for_again_the_later_answer_stays() -> None:
    sessions = _sessions(20)

    class Corrected(Gateway):
        async def history(
            self, name: str, request: HistoryRequest, **more: object
        ) -> HistoryAnswer | None:
            answer = await super().history(name, request, **more)
            if answer is None or len(self.requests) == 1:
                return answer
            later = ["188.5"] * len(answer.dates)
            return HistoryAnswer("", "", answer.dates, later, later, later, later, answer.volumes)

    def cut(request: HistoryRequest, opens: list[int]) -> list[int]:
        return [at for at in opens if at >= opens[0] + 4 * HOUR]

    gateway = Corrected(_opens(sessions), sessions, cut)
    bars, _, _ = _sum(_fetch(gateway, _wanted(sessions[10:])))
    again = bars.ts_open < sessions[10].close
    assert set(bars.close[again].tolist()) == {1885}
    assert set(bars.close[~again].tolist()) == {1875}


def test_a_first_session_that_begins_late_after_others_is_not_cut() -> None:
    """Where the answer has an earlier bar, it did not begin amid the session."""
    sessions = _sessions(10)
    before, wanted = sessions[0], _wanted(sessions[1:])
    begin = sessions[1].open + 20 * MINUTE
    late = [at for at in _opens(sessions) if at >= begin or at < before.close]
    gateway = Gateway(late, sessions, lambda _, opens: [before.open, *opens])
    bars, _, _ = _sum(_fetch(gateway, wanted))
    assert len(bars) == 9 * 390 - 20
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("lost", [1, 130])
def test_an_answer_that_ends_before_its_last_session_is_asked_for_again(lost: int) -> None:
    sessions = _sessions(10)

    def cut(request: HistoryRequest, opens: list[int]) -> list[int]:
        return opens[:-lost] if request.duration == "10 D" else opens

    gateway, wanted = Gateway(_opens(sessions), sessions, cut), _wanted(sessions)
    bars, _, _ = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == list(gateway.opens)
    assert len(gateway.requests) == 2


@pytest.mark.parametrize("days", [1, 10])
def test_an_end_that_is_not_inclusive_loses_no_bar(days: int) -> None:
    sessions = _sessions(days)

    def before_the_end(request: HistoryRequest, opens: list[int]) -> list[int]:
        return [at for at in opens if at + MINUTE < nanoseconds(request.end)]

    gateway = Gateway(_opens(sessions), sessions, before_the_end)
    bars, _, _ = _sum(_fetch(gateway, _wanted(sessions)))
    assert bars.ts_open.tolist() == list(gateway.opens)


@pytest.mark.parametrize("hours", [3, 24])
def test_an_end_that_is_not_inclusive_loses_no_bar_amid_or_between_sessions(hours: int) -> None:
    days = [dt.datetime(2024, 1, day, tzinfo=dt.UTC) for day in (2, 3, 4)]
    opens = [nanoseconds(one) for one in days]
    sessions = [
        Session(day.date(), at, at + 24 * HOUR) for day, at in zip(days, opens, strict=True)
    ]
    time = IntervalSet.of((opens[1], opens[1] + hours * HOUR))
    wanted = _wanted(sessions[1:2], time=time)

    def before_the_end(request: HistoryRequest, opens: list[int]) -> list[int]:
        return [at for at in opens if at + MINUTE < nanoseconds(request.end)]

    bars, attested, _ = _sum(_fetch(Gateway(_opens(sessions), sessions, before_the_end), wanted))
    assert bars.ts_open.tolist() == _opens([Session(days[1].date(), *_ends(time))])
    assert attested == time


def _ends(time: IntervalSet) -> tuple[int, int]:
    return time.intervals[0].start, time.intervals[-1].end


def _trading_on_more_days(request: HistoryRequest, opens: list[int]) -> list[int]:
    """Give half of what is asked for, as where IBKR knows twice as many trading days."""
    days = sorted({at // NANOSECONDS_IN_DAY for at in opens})
    return [at for at in opens if at // NANOSECONDS_IN_DAY in days[len(days) // 2 :]]


def test_sessions_that_no_answer_reaches_are_asked_for_until_one_does() -> None:
    sessions = _sessions(60)
    gateway = Gateway(_opens(sessions), sessions, _trading_on_more_days)
    wanted = _wanted(sessions[40:])
    bars, attested, empty = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == _opens(sessions[40:])
    assert (attested, empty) == (wanted.time, IntervalSet())
    # Ten sessions and five before them, of which eight come; then the three that may be cut.
    assert [one.duration for one in gateway.requests] == ["20 D", "15 D", "8 D"]


def test_sessions_that_no_answer_can_reach_are_not_called_empty() -> None:
    sessions = _sessions(60)

    def later(request: HistoryRequest, opens: list[int]) -> list[int]:
        return [at for at in opens if at >= sessions[45].open + HOUR]

    gateway, wanted = Gateway(_opens(sessions), sessions, later), _wanted(sessions[40:])
    bars, attested, empty = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == [
        at for at in _opens(sessions) if at >= sessions[45].open + HOUR
    ]
    assert empty == IntervalSet()
    unknown = IntervalSet.of((sessions[40].open, sessions[45].open + HOUR))
    assert attested == wanted.time.difference(unknown)


def test_of_the_session_in_which_an_answer_begins_what_lies_before_is_asked_for() -> None:
    """It need not be the first that was meant."""
    sessions = _sessions(60)

    def cut(request: HistoryRequest, opens: list[int]) -> list[int]:
        begin = sessions[45].open + HOUR if request.duration == "20 D" else 0
        return [at for at in opens if at >= begin]

    gateway, wanted = Gateway(_opens(sessions), sessions, cut), _wanted(sessions[40:])
    bars, attested, _ = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == _opens(sessions[40:])
    assert attested == wanted.time
    assert [one.duration for one in gateway.requests] == ["20 D", "11 D"]


@pytest.mark.parametrize("known", [True, False], ids=["told before", "asked now"])
def test_before_the_first_bar_of_history_none_must_be_shown(known: bool) -> None:
    """A thin share's first session begins late, and nothing lies before it."""
    sessions = _sessions(5)
    first = sessions[0].open + HOUR
    opens = [at for at in _opens(sessions) if at >= first]
    start = sessions[0].open - 3 * HOUR  # a bar before the regular hours
    gateway = Gateway(opens, sessions, start=start)
    how = {"history_start": start} if known else {"asks_history_start": True}
    wanted = _wanted(sessions, **how)
    bars, attested, empty = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == opens
    assert (attested, empty) == (wanted.time, IntervalSet())


def test_a_session_that_begins_with_the_history_is_not_asked_for_again() -> None:
    sessions = _sessions(5)
    start = sessions[0].open + HOUR
    opens = [at for at in _opens(sessions) if at >= start]
    gateway, wanted = Gateway(opens, sessions), _wanted(sessions, history_start=start)
    bars, attested, _ = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == opens
    assert attested == wanted.time
    assert [one.duration for one in gateway.requests] == ["5 D"]


def test_a_session_without_bars_is_empty_where_others_have_some() -> None:
    sessions = _sessions(10)
    quiet = sessions[4]
    opens = [at for at in _opens(sessions) if not quiet.open <= at < quiet.close]
    gateway, wanted = Gateway(opens, sessions), _wanted(sessions)
    bars, attested, empty = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == opens
    assert attested == wanted.time
    assert empty == IntervalSet.of((quiet.open, quiet.close))
    assert [one.duration for one in gateway.requests] == ["10 D", "6 D"]


def test_no_data_at_all_confirms_nothing() -> None:
    """Servers that are not reached answer as a market without trades does, as often as asked."""
    sessions = _sessions(10)
    gateway = Gateway(_opens(sessions), sessions, lambda _, opens: None)
    bars, attested, empty = _sum(_fetch(gateway, _wanted(sessions)))
    assert (len(bars), attested, empty) == (0, IntervalSet(), IntervalSet())
    assert [one.duration for one in gateway.requests] == ["10 D", "15 D"]


def test_no_data_once_loses_nothing() -> None:
    sessions = _sessions(10)

    def once(request: HistoryRequest, opens: list[int]) -> list[int] | None:
        return None if request.duration == "10 D" else opens

    gateway, wanted = Gateway(_opens(sessions), sessions, once), _wanted(sessions)
    bars, attested, empty = _sum(_fetch(gateway, wanted))
    assert bars.ts_open.tolist() == list(gateway.opens)
    assert (attested, empty) == (wanted.time, IntervalSet())


def test_the_bar_before_a_pause_that_is_off_the_grid_is_kept() -> None:
    session = attrs.evolve(
        _sessions(1)[0], pause=(utc("2024-01-02T16:30:00"), utc("2024-01-02T17:30:00"))
    )
    hourly = Series(AAPL.instrument_id, BarType.parse("1_HOUR"))
    stamps = ("14:30", "15:00", "16:00", "17:30", "18:00", "19:00", "20:00")
    opens = [utc(f"2024-01-02T{at}:00") for at in stamps]
    wanted = _wanted([session], series=hourly)
    bars, attested, _ = _sum(_fetch(Gateway(opens, [session]), wanted))
    assert bars.ts_open.tolist() == opens
    assert attested == wanted.time


def test_of_futures_all_hours_are_asked_for() -> None:
    """What IBKR calls the regular hours of a future are a part of its session."""
    es = Series(InstrumentId.parse("ESH4.CME"), AAPL.bar_type)
    kind, expiry = InstrumentClass.FUTURE, dt.date(2024, 3, 15)
    future = attrs.evolve(APPLE, id=es.instrument_id, instrument_class=kind, expiry=expiry)
    sessions = _sessions(2)
    gateway = Gateway(_opens(sessions), sessions)
    _fetch(gateway, _wanted(sessions, series=es, instrument=future))
    assert [one.regular_hours for one in gateway.requests] == [False]


@pytest.mark.parametrize(
    ("now", "newest", "kept"),
    [
        # The bar of 15:45 is unfinished, and shows that the one before it is not.
        ("2024-01-02T15:45:30", "2024-01-02T15:45:00", "2024-01-02T15:44:00"),
        # Nobody traded since 15:40, or data are delayed: that bar may grow.
        ("2024-01-02T15:45:30", "2024-01-02T15:40:00", "2024-01-02T15:39:00"),
        # The session is over, and its end may still come.
        ("2024-01-02T21:05:00", "2024-01-02T20:59:00", "2024-01-02T20:58:00"),
        ("2024-01-02T21:05:00", "2024-01-02T20:45:00", "2024-01-02T20:44:00"),
        # Nothing more will come.
        ("2024-01-02T21:20:00", "2024-01-02T20:59:00", "2024-01-02T20:59:00"),
    ],
)
def test_the_newest_bar_is_kept_once_nothing_can_change_it(
    now: str, newest: str, kept: str
) -> None:
    (session,) = _sessions(1)
    opens = [at for at in _opens([session]) if at <= utc(newest)]
    wanted = _wanted([session])
    bars, attested, _ = _sum(_fetch(Gateway(opens, [session]), wanted, utc(now)))
    assert instant_text(int(bars.ts_open[-1])) == f"{kept}Z"
    assert attested.intervals[-1].end == utc(kept) + MINUTE


def test_the_last_bar_of_a_session_is_kept_though_the_next_one_has_none_yet() -> None:
    """It is the newest of the answer, and of a session of which nothing more will come."""
    yesterday, today = sessions = _sessions(2)
    gateway = Gateway(_opens([yesterday]), sessions)
    now = today.open + 5 * MINUTE
    bars, attested, _ = _sum(_fetch(gateway, _wanted(sessions), now))
    assert bars.ts_open.tolist() == _opens([yesterday])
    assert attested == _wanted([yesterday]).time


@pytest.mark.parametrize(("minutes", "bars"), [(1, 1), (19, 1), (20, 2)])
def test_a_bar_of_a_day_is_taken_once_its_session_has_settled(minutes: int, bars: int) -> None:
    sessions = _sessions(2)

    class Daily(Gateway):
        async def history(
            self, name: str, request: HistoryRequest, **_: object
        ) -> HistoryAnswer | None:
            dates = [f"{one.date:%Y%m%d}" for one in sessions]
            same = ["187.5"] * len(dates)
            return HistoryAnswer("", "", dates, same, same, same, same, ["100"] * len(dates))

    daily = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
    now = sessions[1].close + minutes * MINUTE
    found, attested, _ = _sum(_fetch(Daily([], sessions), _wanted(sessions, series=daily), now))
    assert len(found) == bars
    assert attested.intervals[-1].end == sessions[bars - 1].close


def test_bars_in_no_session_are_told_of() -> None:
    sessions = _sessions(4)
    holiday = sessions[2]
    known = [one for one in sessions if one != holiday]
    gateway, wanted = Gateway(_opens(sessions), sessions), _wanted(known)
    answers = _fetch(gateway, wanted)
    bars, _, _ = _sum(answers)
    assert not ((bars.ts_open >= holiday.open) & (bars.ts_open < holiday.close)).any()
    assert answers[-1] == Stray(AAPL, (holiday.date,), 390)


def test_sessions_before_the_history_are_not_asked_for_once_one_of_them_has_no_bar() -> None:
    sessions = _sessions(10)
    start = sessions[6].open
    opens = [at for at in _opens(sessions) if at >= start]
    gateway = Gateway(opens, sessions, start=start)
    answers = _fetch(gateway, _wanted(sessions, asks_history_start=True))
    assert answers[0] == HistoryStart(AAPL, start)
    bars, attested, empty = _sum(answers)
    assert bars.ts_open.tolist() == opens
    assert (attested, empty) == (_wanted(sessions[6:]).time, IntervalSet())
    assert len(gateway.requests) == 2


def test_a_session_that_ends_as_the_history_begins_lies_before_it() -> None:
    """Of what trades day and night, one session closes when the next one opens."""
    first = utc("2024-01-02T00:00:00")
    sessions = [
        Session(dt.date(2024, 1, 2 + day), first + day * DAY, first + (day + 1) * DAY)
        for day in range(4)
    ]
    start = sessions[2].open
    gateway = Gateway(_opens(sessions[2:]), sessions, start=start)
    answers = _fetch(gateway, _wanted(sessions, asks_history_start=True))
    bars, attested, _ = _sum(answers)
    assert bars.ts_open.tolist() == list(gateway.opens)
    assert attested == _wanted(sessions[2:]).time


def test_a_start_of_the_history_that_is_wrong_is_not_believed() -> None:
    sessions = _sessions(10)
    gateway = Gateway(_opens(sessions), sessions, start=sessions[6].open)
    wanted = _wanted(sessions, asks_history_start=True)
    answers = _fetch(gateway, wanted)
    assert not any(isinstance(one, HistoryStart) for one in answers)
    bars, attested, _ = _sum(answers)
    assert bars.ts_open.tolist() == list(gateway.opens)
    assert attested == wanted.time


def test_an_answer_off_the_grid_is_refused() -> None:
    sessions = _sessions(2)
    gateway = Gateway([at + 30 * 10**9 for at in _opens(sessions)], sessions)
    with pytest.raises(UnusableAnswerError, match=r"opens at 2024-01-02T14:30:30Z"):
        _fetch(gateway, _wanted(sessions))


def test_answers_come_in_order_of_time_whichever_is_quicker() -> None:
    sessions = _sessions(100)

    class Uneven(Gateway):
        async def history(
            self, name: str, request: HistoryRequest, **more: object
        ) -> HistoryAnswer | None:
            await asyncio.sleep(0.05 if len(self.requests) % 2 else 0)
            return await super().history(name, request, **more)

    answers = _fetch(Uneven(_opens(sessions), sessions), _wanted(sessions))
    bars, attested, _ = _sum(answers)
    assert (np.diff(bars.ts_open) > 0).all()
    assert attested == _wanted(sessions).time
    assert len(answers) == 5


def test_a_session_that_goes_on_is_asked_for_with_a_bar_more() -> None:
    """The bar that follows shows that the last one has ended."""
    (session,) = _sessions(1)
    now = utc("2024-01-02T15:45:30")
    so_far = IntervalSet.of((session.open, utc("2024-01-02T15:45:00")))
    gateway = Gateway([at for at in _opens([session]) if at < now], [session])
    bars, attested, _ = _sum(_fetch(gateway, _wanted([session], time=so_far), now))
    assert attested == so_far
    assert int(bars.ts_event[-1]) == so_far.intervals[-1].end
    assert [one.duration for one in gateway.requests] == ["4560 S"]


HOLES = [(100, 160), (290, 390), (0, 60)]


def _hole(session: Session, minutes: tuple[int, int]) -> tuple[int, int]:
    return session.open + minutes[0] * MINUTE, session.open + minutes[1] * MINUTE


def _without(opens: Sequence[int], *gaps: tuple[int, int]) -> list[int]:
    return [at for at in opens if not any(start <= at < end for start, end in gaps)]


@pytest.mark.parametrize("minutes", HOLES)
def test_a_hole_that_only_one_answer_has_is_filled_by_the_next(minutes: tuple[int, int]) -> None:
    sessions = _sessions(16)
    gap = _hole(sessions[12], minutes)

    gateway = Gateway(_opens(sessions), sessions)

    def once(request: HistoryRequest, opens: list[int]) -> list[int]:
        return _without(opens, gap) if len(gateway.requests) == 1 else opens

    gateway.change = once
    wanted = _wanted(sessions[10:])
    answers = _fetch(gateway, wanted)
    bars, attested, empty = _sum(answers)
    assert bars.ts_open.tolist() == _opens(sessions[10:])
    assert (attested, empty) == (wanted.time, IntervalSet())
    assert [one.duration for one in gateway.requests] == ["6 D", "6 D"]
    assert not any(isinstance(one, Lacks) for one in answers)


@pytest.mark.parametrize("minutes", HOLES)
def test_a_hole_that_two_answers_have_is_told_and_attested(minutes: tuple[int, int]) -> None:
    sessions = _sessions(16)
    gap = _hole(sessions[12], minutes)
    gateway = Gateway(_without(_opens(sessions), gap), sessions)
    wanted = _wanted(sessions[10:])
    answers = _fetch(gateway, wanted)
    bars, attested, empty = _sum(answers)
    assert len(bars) == 6 * 390 - (minutes[1] - minutes[0])
    assert (attested, empty) == (wanted.time, IntervalSet())
    assert len(gateway.requests) == 2
    assert answers[0] == Lacks(AAPL, IntervalSet.of(gap), asked_twice=True)


def test_holes_are_asked_for_a_few_times_in_a_fetch_and_all_are_told() -> None:
    sessions = _sessions(40)
    gaps = [_hole(one, (180, 240)) for one in sessions]
    gateway = Gateway(_without(_opens(sessions), *gaps), sessions)
    answers = _fetch(gateway, _wanted(sessions))
    assert sorted(one.duration for one in gateway.requests) == ["20 D"] * 2 + ["6 D"] * 5
    told = [one for one in answers if isinstance(one, Lacks)]
    holes = [(one.start, one.end) for each in told for one in each.holes]
    assert sorted(holes) == gaps
    assert sum(len(one.holes.intervals) for one in told if one.asked_twice) == 5


def test_a_thin_share_is_not_asked_for_again() -> None:
    sessions = _sessions(10)
    gateway = Gateway(_opens(sessions)[::45], sessions)
    answers = _fetch(gateway, _wanted(sessions))
    # The end of the last session may have been cut; nine others have as few bars.
    assert len(gateway.requests) == 2
    assert not any(isinstance(one, Lacks) for one in answers)


def test_a_session_that_was_asked_for_again_is_not_asked_for_a_third_time() -> None:
    """It begins an hour late in both answers, as a market that opens late does."""
    sessions = _sessions(16)
    gap = _hole(sessions[10], (0, 60))

    gateway = Gateway(_without(_opens(sessions), gap), sessions)
    answers = _fetch(gateway, _wanted(sessions[10:]))
    assert len(gateway.requests) == 2
    assert answers[0] == Lacks(AAPL, IntervalSet.of(gap), asked_twice=True)


def test_what_lies_before_the_history_and_after_now_is_no_hole() -> None:
    sessions = _sessions(2)
    start, now = sessions[0].open + HOUR, sessions[1].open + 5 * HOUR
    opens = [at for at in _opens(sessions) if start <= at < now - HOUR]
    gateway = Gateway(opens, sessions)
    answers = _fetch(gateway, _wanted(sessions, history_start=start), now)
    assert len(gateway.requests) == 1
    assert not any(isinstance(one, Lacks) for one in answers)
