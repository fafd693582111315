"""Steps of features/auto_fetch.feature: bars of these days, by the clock of this machine."""

from __future__ import annotations

import datetime as dt

import attrs
from pytest_bdd import given, then, when

from adapters.system.clock import SystemClock
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import InstrumentId, Series
from domain.sessions import Session
from domain.window import nanoseconds
from tests.acceptance.ibkr import CALENDARS, TSLA, Ibkr, coin
from tests.acceptance.steps_import import held
from tests.builders import MINUTE, MSFT, SECOND
from tests.cli import Cli, Run
from tests.faults.state import rows_of
from tests.fetching import bars_of, session_minutes

BITCOIN = Series(InstrumentId.parse("BTC/USD.PAXOS"), BarType.parse("1_MIN"))
# How many of the last sessions are held at first, and how many are new.
HELD = {TSLA: 3, MSFT: 5}
DAYS = 8
# So long is IBKR without the last bars, as for those who pay for delayed ones.
LAG = 10 * MINUTE
_now = SystemClock().now


def _midnight(days: int) -> dt.datetime:
    today = dt.datetime.fromtimestamp(_now() // 10**9, dt.UTC).date()
    return dt.datetime.combine(today, dt.time(), dt.UTC) + dt.timedelta(days)


def _sessions() -> list[Session]:
    """Return the sessions of New York of the last weeks, that of today too."""
    first, last = _midnight(-30).date(), _midnight(1).date()
    return list(CALENDARS.sessions(TSLA.instrument_id, first, last, None))


def _text(stamp: int) -> str:
    """Return an instant as IBKR is told it."""
    return f"{dt.datetime.fromtimestamp(stamp // SECOND, dt.UTC):%Y%m%d %H:%M:%S} UTC"


@attrs.frozen
class NeverClosing:
    """What IBKR has of a market without nights: bars up to now, the last one not closed yet."""

    bars: Bars
    start: dt.date
    end: dt.date

    def command(self) -> tuple[str, ...]:
        days = ("--start", str(self.start), "--end", str(self.end))
        return ("fetch", "-i", str(BITCOIN.instrument_id), *days, "--json")

    def until(self, stamp: int) -> Bars:
        """Return the bars that have closed at a time."""
        return self.bars.take(self.bars.ts_event <= stamp)


# Given


@given("TSLA and MSFT data end on different days in Parquet catalog", target_fixture="sessions")
def ends_differ(trader: Cli, ibkr: Ibkr) -> list[Session]:
    sessions = [one for one in _sessions() if one.close <= _now()][-DAYS:]
    ibkr.connect(dict.fromkeys(HELD, session_minutes(_sessions())))
    for series, days in HELD.items():
        dates = ("--start", str(sessions[0].date), "--end", str(sessions[days - 1].date))
        trader("fetch", "-i", str(series.instrument_id), *dates).succeeded()
    ibkr.asked()
    return sessions


@given("IBKR has bars of a market that never closes", target_fixture="market")
def never_closing(ibkr: Ibkr) -> NeverClosing:
    first, last = _midnight(-1), _midnight(2)
    bars = bars_of([(nanoseconds(first), nanoseconds(last))])
    market = NeverClosing(bars, first.date(), last.date())
    ibkr.connect({BITCOIN: market.until(_now() - LAG)}, instruments=[coin("BTC/USD.PAXOS")])
    return market


# When


@when("user runs fetch --update", target_fixture="run")
def update(trader: Cli) -> Run:
    return trader("fetch", "--update", "--json").succeeded()


@when("user fetches them up to tomorrow", target_fixture="run")
def fetch_to_tomorrow(trader: Cli, market: NeverClosing) -> Run:
    return trader(*market.command()).succeeded()


# Then


@then("both end with the last full session, and IBKR was asked for what was new alone")
def up_to_date(run: Run, sessions: list[Session], trader: Cli, ibkr: Ibkr) -> None:
    for series in HELD:
        assert held(trader, series) == rows_of(session_minutes(sessions))
    fetched = {one["instrument_id"]: one["days_written"] for one in run.document["series"]}
    assert fetched == {str(one.instrument_id): DAYS - days for one, days in HELD.items()}
    new = [(_text(sessions[-1].close), f"{DAYS - days} D") for days in HELD.values()]
    assert sorted(ibkr.asked()) == sorted(new)


@then("all bars that IBKR has are held, and none that has not closed")
def as_far_as_it_got(run: Run, market: NeverClosing, trader: Cli) -> None:
    got = held(trader, BITCOIN)
    last = max(row[0] for row in got.values())
    assert last <= _now() - LAG
    assert got == rows_of(market.until(last))
    (series,) = run.document["series"]
    assert (series["bars_fetched"], series["left"]) == (len(got), [])


@then("a second fetch asks IBKR for the rest of today alone")
def rest_of_today(market: NeverClosing, trader: Cli, ibkr: Ibkr) -> None:
    before = max(row[0] for row in held(trader, BITCOIN).values())
    ibkr.asked()
    ibkr.serve({BITCOIN: market.bars}, instruments=[coin("BTC/USD.PAXOS")])
    trader(*market.command()).succeeded()
    got = held(trader, BITCOIN)
    last = max(row[0] for row in got.values())
    assert before < last <= _now()
    assert got == rows_of(market.until(last))
    asked = ibkr.asked()
    # A bar more is asked for, to see that the last one has ended.
    assert asked[-1][0] in (_text(last + MINUTE), _text(last + 2 * MINUTE))
    for end, duration in asked:
        assert end > _text(before)
        assert int(duration.removesuffix(" S")) <= 2 * LAG // SECOND
