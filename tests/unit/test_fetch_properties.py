"""Whatever is held and whatever fails, the catalog ends up with what was served."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory.market_data_source import Script
from application.series_writer import inferred_change
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import CorruptPartitionError, GatewayLostError, SourceRefusedError
from domain.fetching import SeriesFailed, WaitCause, Waiting
from domain.gaps import Status
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from domain.partitions import split_by_partition
from domain.sessions import Session, midnight_utc
from tests.builders import AAPL, MINUTE, utc
from tests.fetching import Desk, bars_of, share, weekdays
from tests.memory_catalog import same

HOUR = 60 * MINUTE
_LOST = GatewayLostError("lost", "again")


def _evenings(first: str, days: int) -> list[Session]:
    """Return sessions as of a futures market, from 23:00 the evening before to 22:00 UTC."""
    begin = dt.date.fromisoformat(first)
    found = []
    for step in range(days):
        date = begin + dt.timedelta(days=step)
        if date.weekday() < 5:
            start = midnight_utc(date)
            found.append(Session(date, start - HOUR, start + 22 * HOUR))
    return found


DAY_SESSIONS = weekdays("2024-01-02", "2024-01-12")
# One closes early.
DAY_SESSIONS[4] = Session(
    DAY_SESSIONS[4].date, DAY_SESSIONS[4].open, DAY_SESSIONS[4].open + 210 * MINUTE
)
EVENING_SESSIONS = _evenings("2024-01-02", 9)
FIVE = BarType.parse("5_MIN")
SHARES = Series(AAPL.instrument_id, FIVE)
FUTURES = Series(InstrumentId.parse("ESH4.CME"), FIVE)


@st.composite
def _pieces(draw: st.DrawFn, sessions: list[Session]) -> list[tuple[int, int]]:
    """Return stretches of sessions that are held: none, all, or one to two pieces of each."""
    found = []
    for one in sessions:
        steps = (one.close - one.open) // (5 * MINUTE)
        kind = draw(st.sampled_from(["none", "none", "all", "piece", "two"]))
        if kind == "all":
            found.append((one.open, one.close))
        elif kind != "none":
            cuts = sorted(
                draw(st.lists(st.integers(0, steps), min_size=4, max_size=4, unique=True))
            )
            edges = [one.open + cut * 5 * MINUTE for cut in cuts]
            found.append((edges[0], edges[1]))
            if kind == "two":
                found.append((edges[2], edges[3]))
    return found


_happenings = st.one_of(
    st.just(_LOST),
    st.just(Waiting(WaitCause.LOST, 4, 2, 5)),
    st.just(KeyboardInterrupt()),
)


@st.composite
def _scripts(draw: st.DrawFn, series: Series) -> list[Script]:
    refused = SeriesFailed(series, SourceRefusedError("no", "no"))
    one = st.dictionaries(st.integers(0, 6), _happenings | st.just(refused), max_size=2)
    return draw(st.lists(one, max_size=5))


@attrs.frozen(repr=False)
class _World:
    """What is held, what is served and what will fail; much too long to be printed."""

    desk: Desk
    served: Bars


@st.composite
def _worlds(draw: st.DrawFn) -> _World:
    series, sessions = draw(st.sampled_from([(SHARES, DAY_SESSIONS), (FUTURES, EVENING_SESSIONS)]))
    served = bars_of([(one.open, one.close) for one in sessions], length=5 * MINUTE)
    if draw(st.booleans()):
        # Now and then nobody traded.
        quiet = (served.ts_open // (5 * MINUTE)) % 5 == draw(st.integers(0, 4))
        served = served.take(~quiet)
    # A session of which nobody has a bar.
    if draw(st.booleans()):
        without = draw(st.sampled_from(sessions[1:]))
        served = served.take((served.ts_open < without.open) | (served.ts_open >= without.close))
    desk = Desk(
        {series: served},
        sessions=sessions,
        chunk=draw(st.integers(1, 4)),
        scripts=draw(_scripts(series)),
        instruments=[share(series)],
    )
    pieces = IntervalSet.of(*draw(_pieces(sessions)))
    held = Bars.concat(
        [served.take((served.ts_open >= a.start) & (served.ts_open < a.end)) for a in pieces]
    )
    for name, part in split_by_partition(held, FIVE):
        source = draw(st.sampled_from(["csv", "csv", "memory"]))
        change = inferred_change(part, FIVE, source, "test.csv")
        desk.memory.change(series, {name: change})
    for name in sorted(desk.memory.holdings(series).partitions):
        if draw(st.integers(0, 9)) == 0:
            damaged = desk.memory.damage(series, name)
            desk.memory.catalog.quarantine(CorruptPartitionError(damaged, "it rotted"))
    return _World(desk, served)


def _check_no_false_coverage(desk: Desk, series: Series, served: Bars) -> None:
    """No session is complete that is not whole, but for the silences that a file may have."""
    held = desk.memory.bars(series)
    known = desk.memory.holdings(series)
    for one in desk.judged(series):
        if one.status is not Status.COMPLETE:
            continue
        inside = (served.ts_open >= one.session.open) & (served.ts_open < one.session.close)
        lacking = served.take(inside & ~np.isin(served.ts_open, held.ts_open))
        hours = IntervalSet.of((one.session.open, one.session.close))
        inferred = any(
            part.basis.value == "inferred" and part.coverage.intersection(hours)
            for part in known.partitions.values()
        )
        # Half an hour at each end, and in between one silence of ten bars.
        tolerated = 6 + 10 + 6 if inferred else 0
        assert len(lacking) <= tolerated, (one, lacking.ts_open)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_worlds())
def test_repeated_until_it_succeeds_a_fetch_gives_what_was_served(world: _World) -> None:
    desk, served = world.desk, world.served
    (series,) = desk.bars
    for _ in range(8):
        try:
            desk.fetch("2024-01-02", "2024-01-12")
        except (GatewayLostError, SourceRefusedError, KeyboardInterrupt):
            _check_no_false_coverage(desk, series, served)
            continue
        break
    else:
        raise AssertionError("it never succeeded")
    _check_no_false_coverage(desk, series, served)
    statuses = {one.status for one in desk.judged(series)}
    assert statuses <= {Status.COMPLETE, Status.BEFORE_HISTORY}
    held = desk.memory.bars(series)
    assert not len(np.setdiff1d(held.ts_open, served.ts_open))
    known = served.take(np.isin(served.ts_open, held.ts_open))
    assert same(held, known)
    for one in desk.judged(series):
        _check_whole(desk, series, served, held, one.session)
    desk.source.requests.clear()
    desk.fetch("2024-01-02", "2024-01-12")
    assert desk.source.requests == []


def _check_whole(desk: Desk, series: Series, served: Bars, held: Bars, session: Session) -> None:
    """A session that was fetched is there bar for bar; one that a file filled is as it was."""
    inside = (served.ts_open >= session.open) & (served.ts_open < session.close)
    lacking = served.ts_open[inside & ~np.isin(served.ts_open, held.ts_open)]
    names = {
        str(dt.date(1970, 1, 1) + dt.timedelta(days=int(one) // (24 * HOUR))) for one in lacking
    }
    partitions = desk.memory.holdings(series).partitions
    for name in names:
        sources = partitions[name].basis.value if name in partitions else "none"
        assert sources in ("inferred", "none"), (name, lacking)


def test_the_sessions_are_what_they_are_said_to_be() -> None:
    assert EVENING_SESSIONS[0].open == utc("2024-01-01T23:00:00")
