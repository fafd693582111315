"""At a weekend and at the end of a month, the bars of what has closed are had and judged."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

import attrs
import numpy as np
import pytest

from adapters.simulated_gateway.market import Market, con_id_of, listing_of
from adapters.simulated_gateway.server import SimulatedGateway
from adapters.system import clock
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import InstrumentId, Series
from domain.sessions import midnight_utc, period_dates
from tests.builders import MINUTE, utc
from tests.faults.fetches import CALENDARS, share
from tests.fetching import bars_of, weekdays
from tests.integration.cli.conftest import Barledger

NAME = "AAPL.NASDAQ"


@attrs.frozen
class Period:
    """A week or month whose last session closed at `close` on a Friday, UTC nanoseconds.

    With those before it in the range from `start` it is one of `count`, of so many `sessions`.
    """

    bar_type: str
    start: str
    end: str
    amid: str
    close: int
    count: int
    sessions: int

    @property
    def night(self) -> int:
        """Five hours after the close."""
        return self.close + 300 * MINUTE

    @property
    def sunday(self) -> int:
        """Almost two days after the close."""
        return self.close + 42 * 60 * MINUTE

    @property
    def series(self) -> Series:
        return Series(InstrumentId.parse(NAME), BarType.parse(self.bar_type))

    @property
    def bars(self) -> Bars:
        """One bar of each period, which closes with its last session."""
        sessions = weekdays("2025-12-01", self.end, closed=CLOSED)
        runs = itertools.groupby(sessions, lambda one: self._first(one.date))
        found = [(midnight_utc(first), list(run)[-1].close) for first, run in runs]
        labels, closes = np.array(found, np.int64).T
        closes[-1] = self.close
        some = bars_of([(0, len(found) * MINUTE)])
        return attrs.evolve(some, ts_open=labels, ts_event=closes)

    def _first(self, date: dt.date) -> dt.date:
        return period_dates(date, self.series.bar_type)[0]


CLOSED = ("2025-12-25", "2026-01-01", "2026-01-19", "2026-11-26")
PERIODS = {
    # The session after Thanksgiving ends at 13:00 in New York.
    "week": Period(
        "1_WEEK", "2026-11-02", "2026-11-27", "2026-11-25", utc("2026-11-27T18:00:00"), 4, 19
    ),
    "month": Period(
        "1_MONTH", "2026-01-01", "2026-01-30", "2026-01-14", utc("2026-01-30T21:00:00"), 1, 20
    ),
}


@pytest.fixture(params=list(PERIODS))
def period(request: pytest.FixtureRequest) -> Period:
    return PERIODS[request.param]


@pytest.fixture
def port(period: Period) -> Iterator[str]:
    """Return the port of a gateway whose clock stands five hours after the last close."""
    market = Market(
        [listing_of(share(NAME), con_id_of(period.series.instrument_id))],
        {period.series: period.bars},
    )
    with SimulatedGateway(market, CALENDARS, lambda: period.night) as at:
        yield str(at.port)


@pytest.mark.parametrize("when", ["night", "sunday"])
def test_the_period_that_closed_on_friday_is_fetched_and_used(
    barledger: Barledger, port: str, period: Period, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock.SystemClock, "now", lambda _: getattr(period, when))
    dates = ("--start", period.start, "--end", period.end, "--json")
    chosen = ("-i", NAME, "--bar-type", period.bar_type, *dates)
    hold = ("--strategy", "buy-and-hold", "--param", "trade_size=1")
    ended = barledger("backtest", *chosen, *hold, "--port", port)
    assert ended.code == 0, ended.err
    assert ended.document["source"] == {"catalog": 0, "ibkr": period.count}
    (row,) = barledger("fetch", *chosen, "--port", port).document["series"]
    assert (row["bars_fetched"], row["days_held"]) == (0, period.sessions)
    checked = barledger("check", *chosen)
    (row,) = checked.document["series"]
    assert (checked.code, row["sessions"]["complete"]) == (0, period.sessions)
    units = {"1_WEEK": "4 weeks", "1_MONTH": "1 month"}[period.bar_type]
    assert f"bars, {units})" in barledger("check", *chosen[:-1]).out


def test_before_the_last_session_has_closed_nothing_of_it_is_asked_for(
    barledger: Barledger, port: str, period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock.SystemClock, "now", lambda _: period.close - 1)
    dates = ("--start", period.amid, "--end", period.amid, "--json")
    ended = barledger("fetch", "-i", NAME, "--bar-type", period.bar_type, *dates, "--port", port)
    assert ended.code == 0, ended.err
    (row,) = ended.document["series"]
    assert (row["bars_fetched"], row["left"]) == (0, [])
    unit = period.bar_type[2:].lower()
    assert ended.document["warnings"] == [f"{NAME}: no {unit} of this range has closed yet."]
