"""Fetching what is missing: only that is asked for, and kept day by day."""

from __future__ import annotations

import pytest

from adapters.memory.disk_space import MemoryDiskSpace
from application.fetch_request import FetchItem, FetchRequest
from domain.bars import Bars
from domain.errors import (
    AmbiguousSymbolError,
    ContractNotFoundError,
    GatewayLostError,
    GatewayUnreachableError,
    InvalidWindowError,
    NotEnoughSpaceError,
    NothingHeldError,
    SourceRefusedError,
    UnusableAnswerError,
)
from domain.events import (
    CoverageBasis,
    FetchAborted,
    FetchCompleted,
    FetchStarted,
    HistoryStartFound,
    InstrumentRegistered,
    PartitionWritten,
    RangeConfirmedEmpty,
)
from domain.fetching import (
    FetchedBars,
    HistoryStart,
    Lacks,
    SeriesFailed,
    Stray,
    WaitCause,
    Waiting,
)
from domain.gaps import Status
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from tests.builders import AAPL, MINUTE, MSFT
from tests.fetching import SESSIONS, Desk, bars_of, session_minutes, share, window_of
from tests.memory_catalog import same, window

ALL = session_minutes(SESSIONS)
JANUARY = [one for one in SESSIONS if "2024-01-02" <= one.date.isoformat() <= "2024-01-12"]
WANTED = window_of(ALL, JANUARY[0], JANUARY[-1])
LOST = GatewayLostError("IBKR connection lost.", "Start it.")


def _desk(**more: object) -> Desk:
    return Desk({AAPL: ALL}, **more)  # type: ignore[arg-type]


def test_an_empty_catalog_gets_every_bar_and_a_second_run_asks_nothing() -> None:
    desk = _desk()
    outcome = desk.one()
    assert same(desk.held(), WANTED)
    assert (outcome.bars_fetched, outcome.days_written, outcome.days_held) == (len(WANTED), 9, 0)
    whole = {one.session for one in desk.judged() if one.status is Status.COMPLETE}
    assert whole == set(JANUARY)
    desk.source.requests.clear()
    again = desk.one()
    assert desk.source.requests == []
    assert (again.bars_fetched, again.days_held) == (0, 9)


def test_a_fetch_is_told_in_the_ledger() -> None:
    desk = _desk()
    desk.fetch()
    started, *_, completed = desk.events(FetchStarted, FetchCompleted)
    assert started == FetchStarted(AAPL, "memory", JANUARY[0].open, JANUARY[-1].close, 9, "regular")
    assert completed == FetchCompleted(AAPL, "memory", 9, 0, len(WANTED), 9)
    kinds = [type(one) for one in desk.events()]
    assert kinds.index(InstrumentRegistered) < kinds.index(PartitionWritten)
    written = desk.events(PartitionWritten)[0]
    assert isinstance(written, PartitionWritten)
    assert (written.source, written.detail) == ("memory", "regular hours, 2024-01-02 to 2024-01-12")
    assert written.basis is CoverageBasis.ATTESTED
    # The last commit says that all is there.
    times = [type(one.event) for one in desk.memory.ledger.replay()]
    assert times[-2:] == [PartitionWritten, FetchCompleted]


def test_only_the_gap_in_the_middle_is_asked_for() -> None:
    desk = _desk()
    desk.fetch()
    desk.memory.remove(AAPL, window("2024-01-04", "2024-01-08"))
    desk.source.requests.clear()
    desk.fetch()
    assert desk.asked_dates() == ["2024-01-04", "2024-01-05", "2024-01-08"]
    assert same(desk.held(), WANTED)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_lost_gateway_leaves_the_finished_days_and_the_next_run_goes_on(after: int) -> None:
    desk = _desk(scripts=[{after: LOST}])
    with pytest.raises(GatewayLostError) as caught:
        desk.fetch()
    days = max(0, 3 * (after - 1))
    assert len(desk.memory.holdings(AAPL).partitions) == days
    assert [type(one) for one in desk.events(FetchAborted)] == ([FetchAborted] if after else [])
    (told,) = caught.value.done["series"]  # type: ignore[misc, attr-defined]
    assert told["days_written"] == days
    desk.source.requests.clear()
    desk.fetch()
    assert len(desk.asked_dates()) == 9 - days
    assert same(desk.held(), WANTED)


def test_ctrl_c_is_told_in_the_ledger_and_raised_again() -> None:
    desk = _desk(scripts=[{2: KeyboardInterrupt()}])
    with pytest.raises(KeyboardInterrupt):
        desk.fetch()
    (aborted,) = desk.events(FetchAborted)
    assert aborted == FetchAborted(AAPL, "memory", 3, 3 * 390, 3, "cancelled with Ctrl-C")
    assert desk.source.closed


def test_a_series_that_fails_does_not_stop_the_others() -> None:
    refused = SourceRefusedError("No permissions.", "Subscribe.")
    desk = Desk(
        {AAPL: ALL, MSFT: session_minutes(SESSIONS, price=40_000)},
        scripts=[{3: SeriesFailed(AAPL, refused)}],
    )
    with pytest.raises(SourceRefusedError) as caught:
        desk.fetch()
    assert len(desk.memory.holdings(MSFT).partitions) == 9
    assert len(desk.memory.holdings(AAPL).partitions) == 3
    apple, microsoft = caught.value.done["series"]  # type: ignore[misc, attr-defined]
    assert (apple["days_written"], microsoft["days_written"]) == (3, 9)


def test_what_is_not_known_is_registered_as_the_source_says_and_a_definition_stays() -> None:
    desk = _desk()
    mine = share(AAPL).with_precision(4, 0)
    desk.memory.catalog.register(mine)
    desk.fetch()
    assert desk.memory.catalog.availability().instruments[AAPL.instrument_id] == mine
    assert desk.source.found == []
    assert desk.memory.holdings(AAPL).price_precision == 4


def test_a_symbol_is_resolved_by_the_source_where_the_catalog_does_not_know_it() -> None:
    desk = _desk()
    request = FetchRequest((FetchItem("AAPL", AAPL.bar_type),), window("2024-01-02", "2024-01-03"))
    outcome = desk.use_case.run(request)
    assert outcome.series[0].series == AAPL
    assert outcome.series[0].name == "AAPL"
    assert desk.source.found == ["AAPL"]
    assert desk.memory.progress.tasks[0].description == "Fetching AAPL 1-minute bars from MEMORY"
    assert desk.memory.progress.tasks[0].done == 1000


def test_two_candidates_are_listed_and_none_is_not_found() -> None:
    other = Series(InstrumentId("AAPL", "BATS"), AAPL.bar_type)
    desk = _desk(instruments=[share(AAPL), share(other)])
    with pytest.raises(AmbiguousSymbolError, match=r"AAPL\.BATS, AAPL\.NASDAQ"):
        desk.use_case.run(FetchRequest((FetchItem("AAPL", AAPL.bar_type),), window("2024-01-02")))
    with pytest.raises(ContractNotFoundError, match="Data not found for NVDA"):
        desk.use_case.run(FetchRequest((FetchItem("NVDA", AAPL.bar_type),), window("2024-01-02")))
    assert desk.events() == []


def test_without_a_range_nothing_held_is_an_error() -> None:
    with pytest.raises(NothingHeldError):
        _desk().fetch(None, None)


def test_an_open_end_is_the_last_session_that_is_over() -> None:
    desk = _desk(now=JANUARY[5].open + 60 * MINUTE)
    desk.fetch("2024-01-05", None)
    assert desk.asked_dates() == ["2024-01-05", "2024-01-08"]


def test_update_takes_all_since_what_is_held_to_the_last_session_that_is_over() -> None:
    desk = _desk(now=JANUARY[5].open + 60 * MINUTE)
    desk.fetch("2024-01-03", "2024-01-04")
    desk.source.requests.clear()
    desk.fetch(None, None, update=True)
    assert desk.asked_dates() == ["2024-01-05", "2024-01-08"]


def test_today_is_fetched_up_to_its_last_closed_bar_and_is_partial() -> None:
    now = JANUARY[3].open + 375 * MINUTE + MINUTE // 2
    desk = _desk(now=now)
    outcome = desk.one("2024-01-05", "2024-01-05")
    assert same(desk.held(), bars_of([(JANUARY[3].open, JANUARY[3].open + 375 * MINUTE)]))
    assert outcome.days_written == 1
    # It is a quarter to four: the last quarter of an hour is not quiet, it is to come.
    desk.now = desk.source.now = JANUARY[3].close + MINUTE
    desk.memory.clock.advance(16 * MINUTE)
    (friday,) = [one for one in desk.judged() if one.session == JANUARY[3]]
    assert friday.status is Status.PARTIAL
    desk.source.requests.clear()
    desk.fetch("2024-01-05", "2024-01-05")
    assert desk.asked == [IntervalSet.of((JANUARY[3].open + 375 * MINUTE, JANUARY[3].close))]
    (friday,) = [one for one in desk.judged() if one.session == JANUARY[3]]
    assert friday.status is Status.COMPLETE


def test_no_data_is_recorded_only_of_what_is_old() -> None:
    served = ALL.take((ALL.ts_open < JANUARY[2].open) | (ALL.ts_open >= JANUARY[3].open))
    served = served.take(served.ts_open < JANUARY[8].open)
    desk = Desk({AAPL: served}, now=JANUARY[8].close + 60 * MINUTE)
    outcome = desk.one()
    (event,) = desk.events(RangeConfirmedEmpty)
    assert isinstance(event, RangeConfirmedEmpty)
    assert event.empty == IntervalSet.of((JANUARY[2].open, JANUARY[2].close))
    assert outcome.confirmed_empty == 1
    assert outcome.left == (JANUARY[8].date,)
    assert any("2024-01-12" in one for one in desk.memory.progress.warnings)
    desk.source.requests.clear()
    desk.fetch()
    assert desk.asked_dates() == ["2024-01-12"]


@pytest.mark.parametrize(("hours", "confirmed"), [(47, 0), (49, 1)])
def test_a_session_is_old_two_days_after_its_end(hours: int, confirmed: int) -> None:
    silent = JANUARY[2]
    served = ALL.take((ALL.ts_open < silent.open) | (ALL.ts_open >= JANUARY[3].open))
    desk = Desk({AAPL: served}, now=silent.close + hours * 60 * MINUTE)
    outcome = desk.one("2024-01-02", f"{silent.date}")
    assert outcome.confirmed_empty == len(desk.events(RangeConfirmedEmpty)) == confirmed
    assert outcome.left == (() if confirmed else (silent.date,))


def test_the_start_of_the_history_is_recorded_once_and_nothing_before_it_is_asked_for() -> None:
    served = ALL.take(ALL.ts_open >= JANUARY[4].open)
    desk = Desk({AAPL: served})
    outcome = desk.one()
    assert outcome.confirmed_empty == 0
    assert desk.events(HistoryStartFound) == [HistoryStartFound(AAPL, JANUARY[4].open, "memory")]
    assert desk.events(RangeConfirmedEmpty) == []
    desk.source.requests.clear()
    desk.fetch("2023-12-27", "2024-01-16")
    assert desk.asked_dates() == ["2024-01-16"]
    assert len(desk.events(HistoryStartFound)) == 1


def test_a_range_before_the_history_completes_with_nothing() -> None:
    desk = Desk({AAPL: ALL.take(ALL.ts_open >= JANUARY[4].open)})
    assert desk.one("2024-01-02", "2024-01-03").bars_fetched == 0
    assert [type(one) for one in desk.events()] == [FetchStarted, HistoryStartFound, FetchCompleted]
    desk.source.requests.clear()
    desk.fetch("2024-01-02", "2024-01-03")
    assert desk.source.requests == []


def test_a_source_need_not_answer_for_what_lies_before_its_history() -> None:
    desk = _desk()
    start = JANUARY[4].open + 90 * MINUTE
    later = ALL.take((ALL.ts_open >= start) & (ALL.ts_open < JANUARY[8].close))
    time = IntervalSet.of((start, JANUARY[4].close), *((s.open, s.close) for s in JANUARY[5:]))
    answers = [HistoryStart(AAPL, start), FetchedBars(AAPL, time, later)]
    desk.source.fetch = lambda _: iter(answers)  # type: ignore[method-assign]
    outcome = desk.one()
    assert (outcome.days_written, outcome.left) == (5, ())
    assert same(desk.held(), later)
    desk.source.fetch = lambda _: pytest.fail("it is asked again")  # type: ignore[method-assign, misc]
    assert desk.one().days_held == 5


def test_a_gateway_that_cannot_be_reached_leaves_no_word_in_the_ledger() -> None:
    desk = _desk(scripts=[{0: GatewayUnreachableError("no gateway", "start it")}])
    with pytest.raises(GatewayUnreachableError):
        desk.fetch()
    assert desk.events() == []
    assert desk.source.closed


def test_damage_that_is_met_while_publishing_does_not_keep_new_bars_out() -> None:
    desk = _desk()
    noon = JANUARY[0].open + 150 * MINUTE
    first = ALL.take((ALL.ts_open >= JANUARY[0].open) & (ALL.ts_open < noon))
    desk.memory.write(AAPL, first)
    desk.memory.damage(AAPL, "2024-01-02")
    desk.fetch("2024-01-02", "2024-01-02")
    assert same(desk.held(), DAY)
    assert any(
        "counts as missing" in one or "count as missing" in one
        for one in desk.memory.progress.warnings
    )


def _answer(bars: Bars, first: int = 0, last: int = 0) -> FetchedBars:
    span = IntervalSet.of(*((one.open, one.close) for one in JANUARY[first : last + 1]))
    return FetchedBars(AAPL, span, bars)


DAY = session_minutes(JANUARY[:1])
DOUBLE = Bars.concat([DAY.take(slice(0, 2)), DAY.take(slice(1, None))])


@pytest.mark.parametrize(
    "answer",
    [
        _answer(DAY.take(slice(None, None, -1))),
        _answer(DOUBLE),
        _answer(session_minutes(JANUARY[1:2])),
        _answer(session_minutes(SESSIONS[:1])),
        _answer(session_minutes(JANUARY[:1], price=-18_000)),
        FetchedBars(AAPL, IntervalSet.of((0, 5)), Bars.empty()),
        FetchedBars(AAPL, IntervalSet(), Bars.empty(), IntervalSet.of((0, 5))),
    ],
)
def test_an_answer_that_breaks_the_rules_is_not_kept(answer: FetchedBars) -> None:
    desk = _desk(scripts=[{1: answer}])
    with pytest.raises(UnusableAnswerError):
        desk.fetch()
    assert desk.memory.holdings(AAPL).partitions == {}
    desk.fetch()
    assert same(desk.held(), WANTED)


def test_an_answer_about_earlier_time_is_not_kept() -> None:
    desk = _desk(scripts=[{2: _answer(DAY)}])
    with pytest.raises(UnusableAnswerError):
        desk.fetch()
    assert len(desk.memory.holdings(AAPL).partitions) == 3


def test_a_bar_that_has_not_closed_is_refused() -> None:
    now = JANUARY[0].open + 10 * MINUTE
    time = IntervalSet.of((JANUARY[0].open, now))
    early = FetchedBars(AAPL, time, bars_of([(JANUARY[0].open, now + MINUTE)]))
    desk = _desk(now=now, scripts=[{0: early}])
    with pytest.raises(UnusableAnswerError):
        desk.fetch("2024-01-02", "2024-01-02")


def test_what_a_source_can_say_nothing_of_is_left_and_told() -> None:
    desk = _desk()
    short = FetchedBars(AAPL, IntervalSet.of((JANUARY[0].open, JANUARY[0].close)), DAY)
    desk.source.fetch = lambda _: iter([short])  # type: ignore[method-assign, assignment]
    outcome = desk.one()
    assert (outcome.days_written, outcome.left) == (1, tuple(one.date for one in JANUARY[1:]))
    assert len(desk.memory.holdings(AAPL).partitions) == 1
    assert desk.events(RangeConfirmedEmpty) == []
    (warning,) = desk.memory.progress.warnings
    assert "2024-01-03, 2024-01-04" in warning


def test_a_source_that_does_not_say_a_word_has_not_answered() -> None:
    desk = _desk()
    desk.source.fetch = lambda _: iter([])  # type: ignore[method-assign]
    with pytest.raises(UnusableAnswerError, match="did not answer"):
        desk.fetch()
    assert desk.memory.holdings(AAPL).partitions == {}


def test_a_start_in_the_future_with_an_open_end_is_told_as_such() -> None:
    desk = _desk()
    with pytest.raises(InvalidWindowError, match="has happened there yet"):
        desk.fetch("2024-06-03", None)


def test_what_the_source_knows_in_place_of_an_id_is_named() -> None:
    desk = _desk()
    other = Series(InstrumentId("AAPL", "BATS"), AAPL.bar_type)
    with pytest.raises(ContractNotFoundError) as caught:
        desk.fetch("2024-01-02", "2024-01-03", other)
    assert "It knows AAPL.NASDAQ." in caught.value.recovery


def test_bars_outside_all_sessions_are_told_of_once() -> None:
    stray = Stray(AAPL, (JANUARY[0].date, JANUARY[1].date), 390)
    desk = _desk(scripts=[{0: stray, 1: stray}])
    desk.fetch()
    (warning,) = desk.memory.progress.warnings
    assert warning == (
        "AAPL.NASDAQ: MEMORY has 390 bars on 2024-01-02, 2024-01-03, outside the sessions of the "
        "calendar here. They are left out: if the calendar is wrong, name another with barledger "
        "instrument set --calendar or barledger venue set."
    )
    assert same(desk.held(), WANTED)


def test_holes_in_what_came_are_told_by_the_clock_of_the_venue() -> None:
    first, second = (one.open for one in JANUARY[:2])
    holes = IntervalSet.of(
        (first + 60 * MINUTE, first + 100 * MINUTE), (second, second + 61 * MINUTE // 2)
    )
    desk = _desk(scripts=[{0: Lacks(AAPL, holes, asked_twice=True)}])
    desk.fetch()
    assert desk.memory.progress.warnings == [
        "AAPL.NASDAQ: MEMORY has no bars of 2024-01-02 from 10:30 to 11:10, 2024-01-03 from 09:30 "
        "to 10:00:30, asked twice. That counts as its answer: only a fetch with --refetch asks "
        "again."
    ]


def test_holes_that_were_not_asked_for_again_are_counted() -> None:
    opens = [JANUARY[0].open + hour * 60 * MINUTE for hour in range(6)]
    holes = IntervalSet.of(*((at, at + 30 * MINUTE) for at in opens))
    desk = _desk(scripts=[{0: Lacks(AAPL, holes, asked_twice=False)}])
    desk.fetch()
    (warning,) = desk.memory.progress.warnings
    assert warning.endswith(
        "from 13:30 to 14:00 and 1 more, and was not asked again for so many holes. A fetch of "
        "these days with --refetch asks again."
    )


def test_holes_are_told_though_the_rest_does_not_come() -> None:
    holes = IntervalSet.of((JANUARY[0].open, JANUARY[0].open + 30 * MINUTE))
    desk = _desk(scripts=[{0: Lacks(AAPL, holes, asked_twice=True), 1: LOST}])
    with pytest.raises(GatewayLostError):
        desk.fetch()
    assert "from 09:30 to 10:00, asked twice" in desk.memory.progress.warnings[0]


def test_a_full_disk_is_found_before_anything_is_asked_for() -> None:
    desk = _desk()
    desk.memory.disk = MemoryDiskSpace(100_000)
    with pytest.raises(NotEnoughSpaceError):
        desk.fetch()
    assert desk.source.requests == []
    assert desk.events() == []


def test_refetching_asks_for_all_and_takes_what_the_source_has_now() -> None:
    desk = _desk()
    desk.fetch()
    changed = session_minutes(JANUARY, price=18_500)
    desk.source.bars[AAPL] = changed
    desk.fetch()
    assert same(desk.held(), WANTED)
    assert desk.one(refetch=True).bars_fetched == len(changed)
    assert same(desk.held(), changed)
    head = desk.memory.head
    assert desk.one(refetch=True).bars_fetched == 0
    written = [one.event for one in desk.memory.ledger.replay(after=head)]
    assert [type(one) for one in written] == [FetchStarted, FetchCompleted]


def test_a_damaged_day_is_fetched_again() -> None:
    desk = _desk()
    desk.fetch()
    desk.memory.damage(AAPL, "2024-01-04")
    with pytest.raises(Exception, match="damaged"):
        desk.held()
    desk.source.requests.clear()
    desk.fetch()
    assert desk.asked_dates() == ["2024-01-04"]
    assert same(desk.held(), WANTED)


def test_more_decimals_come_into_all_partitions() -> None:
    desk = _desk()
    desk.fetch("2024-01-02", "2024-01-05")
    finer = bars_of([(JANUARY[4].open, JANUARY[4].close)], price=1_800_001, digits=4)
    desk.source.bars[AAPL] = finer
    desk.fetch("2024-01-08", "2024-01-08")
    held = desk.memory.holdings(AAPL).partitions
    assert {one.price_precision for one in held.values()} == {4}


def test_waiting_is_shown_with_the_words_of_the_specification() -> None:
    waits = [
        Waiting(WaitCause.RATE_LIMIT, 30, 2, 5),
        Waiting(WaitCause.LOST, 4, 2, 5),
        Waiting(WaitCause.PACING, 12),
        Waiting(WaitCause.NO_ANSWER, 1, 3, 5),
        Waiting(WaitCause.CANCELLED, 2, 2, 5),
        Waiting(WaitCause.UNREADABLE, 1, 2, 2),
        Waiting(WaitCause.HUNG_UP, 8, 5, 5),
    ]
    desk = _desk(scripts=[dict(enumerate(waits))])
    desk.fetch("2024-01-02", "2024-02-20")
    shown = [one for one in desk.memory.progress.stood if one]
    assert shown == [
        "MEMORY rate limit reached. Retrying in 30 seconds... (attempt 2/5)",
        "MEMORY connection lost. Retrying in 4 seconds... (attempt 2/5)",
        "MEMORY allows no more requests of this kind for now. Going on in 12 seconds.",
        "MEMORY does not answer. Retrying in 1 second... (attempt 3/5)",
        "MEMORY cancelled the request. Retrying in 2 seconds... (attempt 2/5)",
        "MEMORY gave an unreadable answer. Retrying in 1 second... (attempt 2/2)",
        "MEMORY hung up while connecting. Retrying in 8 seconds... (attempt 5/5)",
    ]
    assert desk.memory.progress.stood[-1] is None
    assert desk.memory.progress.paced == shown[2:3]
    assert desk.memory.progress.waits == [30, 4, 12, 1, 2, 1, 8]
