"""`barledger fetch` from a gateway with faults, and what must be true of the catalog then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np

from adapters.simulated_gateway.faults import Fault
from adapters.simulated_gateway.server import SimulatedGateway
from adapters.system.clock import SystemClock
from domain.bars import Bars
from domain.gaps import Status, judge
from domain.instrument import Series
from domain.intervals import Interval
from domain.sessions import Session
from domain.window import FAR_FUTURE, FAR_PAST
from tests.faults.state import assert_tidy, assert_unbroken, held, opened, rows_of
from tests.integration.cli.conftest import Barledger, Ended
from tests.integration.ibkr.desk import sessions_of
from tests.integration.ibkr.serving import CALENDARS, bars_of, market_of, series_of, within, without
from tests.integration.simulated_gateway.instruments import BITCOIN

BTC = series_of(BITCOIN, "1_MIN")
FIRST, LAST = "2024-05-01", "2024-05-12"
SESSIONS = sessions_of(BITCOIN, FIRST, LAST)
CHUNK = 5
"""So many whole days of minutes are asked for at once: three questions for all of them."""
# The first and the last minute of a day have a bar, or else it is asked for by itself.
_EVERY = bars_of(BTC, SESSIONS, size_digits=8, volume=10**9)
_ALL = _EVERY.take(np.isin(np.arange(len(_EVERY)) % 1440, [*range(0, 1440, 30), 1439]))
# Of one day in the last question there are none, which must be told from a failure.
SERVED = without(_ALL, SESSIONS[2 * CHUNK : 2 * CHUNK + 1])
_RANGE = ("-i", str(BITCOIN.id), "--start", FIRST, "--end", LAST, "--json")


@attrs.frozen
class Trading:
    """A trader's command line, and the gateway that it asks."""

    barledger: Barledger
    catalog: Path
    gateway: SimulatedGateway

    def fetch(self, *more: str) -> Ended:
        """Fetch all of the range."""
        return self.barledger("fetch", *_RANGE, "--port", str(self.gateway.port), *more)

    def complete(self) -> list[Session]:
        """Return the sessions that the ledger calls complete; of them, all bars are held.

        Of those that it does not, nothing is held.
        """
        with opened(self.catalog) as container:
            bars = held(container)
            holdings = container.catalog().availability().holdings(BTC)
            judged = judge(SESSIONS, holdings, Interval(FAR_PAST, FAR_FUTURE), FAR_FUTURE)
        assert {one.status for one in judged} <= {Status.COMPLETE, Status.MISSING}
        found = [one.session for one in judged if one.status is Status.COMPLETE]
        assert bars.get(BTC, {}) == rows_of(bars_in(found))
        return found

    def assert_all_is_there(self) -> None:
        """Hold that the catalog equals what is served, to every eye, and lacks nothing."""
        assert self.complete() == SESSIONS
        checked = self.barledger("check", *_RANGE)
        (series,) = checked.document["series"]
        assert (checked.code, series["gaps"], series["bars"]) == (0, [], len(SERVED))
        assert series["sessions"]["complete"] == len(SESSIONS)
        verified = self.barledger("verify", "--json")
        assert (verified.code, verified.document["damaged"]) == (0, [])
        ledger = self.barledger("ledger", "verify", "--json")
        assert (ledger.code, ledger.document["valid"]) == (0, True)
        assert_tidy(self.catalog)
        assert_unbroken(self.catalog)

    def assert_asks_nothing(self) -> None:
        """Hold that the same command does not even connect."""
        before = self.gateway.seen
        assert self.fetch().code == 0
        assert self.gateway.seen == before


def bars_in(sessions: Sequence[Session]) -> Bars:
    """Return what is served of some sessions."""
    return Bars.concat([within(SERVED, one.open, one.close) for one in sessions])


def gateway_with(*faults: Fault, bars: Bars = SERVED, series: Series = BTC) -> SimulatedGateway:
    """Return a gateway that serves bars of BTC, with faults to come."""
    market = market_of({series: bars}, BITCOIN)
    return SimulatedGateway(market, CALENDARS, SystemClock().now, faults)
