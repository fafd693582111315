"""An IBKR Gateway for the scenarios: a simulated one in the test's process, asked over TCP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal

import attrs
import pytest

from adapters.calendars.market_calendars import MarketCalendars
from adapters.simulated_gateway.faults import Fault
from adapters.simulated_gateway.market import Market, con_id_of, listing_of
from adapters.simulated_gateway.server import SimulatedGateway
from adapters.system.clock import SystemClock
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from tests.builders import session_bars
from tests.cli import Cli

TSLA = Series(InstrumentId.parse("TSLA.NASDAQ"), BarType.parse("1_MIN"))
# All 44 sessions of New York from one date to the other; Good Friday is none. A question takes in
# 20 of them, so that IBKR is asked three times, and 45 % are there after the first answer.
SESSIONS = 44
RANGE = ("--start", "2024-02-20", "--end", "2024-04-22")
TSLA_BARS = Bars.concat(
    [session_bars("2024-02-20", "2024-03-28"), session_bars("2024-04-01", "2024-04-22")]
)
FIRST_ANSWER = 20
BACKTEST = ("backtest", "-i", "TSLA", *RANGE, "--strategy", "buy-and-hold")
CALENDARS = MarketCalendars()  # what it knows of a year it computes only once


def share(name: str, currency: str = "USD") -> Instrument:
    """Return a share as IBKR lists it."""
    kind, tick = InstrumentClass.EQUITY, Decimal("0.01")
    return Instrument(InstrumentId.parse(name), kind, currency, 2, 0, tick, Decimal(1))


def coin(name: str) -> Instrument:
    """Return a pair such as BTC/USD.PAXOS as IBKR lists it."""
    kind, tick, step = InstrumentClass.CRYPTO_PAIR, Decimal("0.01"), Decimal("0.00000001")
    base = name.partition("/")[0]
    return Instrument(InstrumentId.parse(name), kind, "USD", 2, 8, tick, step, base_currency=base)


@attrs.define
class Ibkr:
    """What the trader's commands meet where their gateway is said to be."""

    trader: Cli
    _open: ExitStack
    _gateway: SimulatedGateway | None = None
    _looked_at: int = 0

    @property
    def gateway(self) -> SimulatedGateway:
        """The gateway that was started last."""
        assert self._gateway, "no gateway was started"
        return self._gateway

    def connect(
        self,
        bars: Mapping[Series, Bars],
        *faults: Fault,
        instruments: Sequence[Instrument] = (),
    ) -> SimulatedGateway:
        """Start a gateway that serves `bars`, for shares in US dollars unless it is said."""
        market = _market(bars, instruments)
        gateway = SimulatedGateway(market, CALENDARS, SystemClock().now, faults)
        self._gateway, self._looked_at = self._open.enter_context(gateway), 0
        self.trader.environment |= {
            "BARLEDGER_IBKR_PORT": str(gateway.port),
            # Waits before another attempt are real, and short.
            "BARLEDGER_IBKR_RETRY_SECONDS": "0.05",
        }
        return gateway

    def serve(self, bars: Mapping[Series, Bars], instruments: Sequence[Instrument] = ()) -> None:
        """Let the gateway serve other bars from now on."""
        self.gateway.set_market(_market(bars, instruments))

    def asked(self) -> list[tuple[str, str]]:
        """Return the end and the duration of each request for history since the last look."""
        every = self.gateway.history_requests()
        new, self._looked_at = every[self._looked_at :], len(every)
        return [(one.end, one.duration) for one in new]

    def end(self) -> None:
        """End the gateway: its connections break, and nothing listens there any more."""
        self._open.close()
        self._gateway = None

    def come_back(self) -> None:
        """See to it that there is a gateway that does nothing wrong; forget what was asked."""
        if self._gateway is None:
            self.connect({TSLA: TSLA_BARS})
        self.trader.environment.pop("BARLEDGER_IBKR_ANSWER_SECONDS", None)
        self.gateway.set_faults()
        self.asked()


def _market(bars: Mapping[Series, Bars], instruments: Sequence[Instrument]) -> Market:
    every = instruments or [share(str(one.instrument_id)) for one in bars]
    return Market([listing_of(one, con_id_of(one.id)) for one in every], bars)


@pytest.fixture
def ibkr(trader: Cli) -> Iterator[Ibkr]:
    """Return what is connected once a step says so, and is ended with the test."""
    with ExitStack() as open_:
        yield Ibkr(trader, open_)
