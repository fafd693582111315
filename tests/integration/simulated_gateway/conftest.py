"""Markets that are served, and the rule that the client understands every message."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from adapters.calendars.market_calendars import MarketCalendars
from adapters.simulated_gateway.market import Market, listing_of
from adapters.simulated_gateway.server import SimulatedGateway
from domain.bars import Bars
from domain.instrument import Instrument, Series
from tests.builders import AAPL, session_bars, utc
from tests.integration.simulated_gateway.instruments import CON_IDS, EQUITY

Serving = Callable[..., SimulatedGateway]
CALENDARS = MarketCalendars()  # shared, for what it knows of a year it computes only once
NOW = utc("2024-12-31T22:00:00")


@pytest.fixture(autouse=True)
def undecodable(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    """Fail a test in which the client met a message that it cannot decode.

    One that wants such a message empties the list.
    """
    caplog.set_level(logging.WARNING, "ib_async.Decoder")
    met: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = met.append  # type: ignore[method-assign]
    logger = logging.getLogger("ib_async.Decoder")
    logger.addHandler(handler)
    yield met
    logger.removeHandler(handler)
    assert not met, [record.getMessage() for record in met]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Return what starts a gateway; all are stopped when the test ends."""
    with ExitStack() as open_:

        def serve(
            bars: dict[Series, Bars] | None = None,
            *instruments: Instrument,
            now: int = NOW,
            **options: Any,
        ) -> SimulatedGateway:
            served = {AAPL: session_bars("2024-06-24", "2024-07-12")} if bars is None else bars
            listings = [listing_of(one, CON_IDS[one.id]) for one in instruments or (EQUITY,)]
            gateway = SimulatedGateway(Market(listings, served), CALENDARS, lambda: now, **options)
            return open_.enter_context(gateway)

        yield serve


@pytest.fixture
def gateway(serving: Serving) -> SimulatedGateway:
    """Return a gateway that serves some weeks of AAPL's minutes around Independence Day."""
    return serving()
