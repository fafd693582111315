"""How a source connects: what is tried again, what is not, and what is told of it."""

from __future__ import annotations

import attrs
import pytest

from adapters.memory.progress import MemoryProgress
from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from adapters.simulated_gateway.server import SimulatedGateway
from domain.errors import ClientIdTakenError, GatewayLostError, GatewayUnreachableError
from domain.events import FetchAborted, FetchStarted
from tests.integration.cli.conftest import Barledger
from tests.integration.ibkr.desk import Desk, Opening, sessions_of, without_seconds
from tests.integration.ibkr.door import door
from tests.integration.ibkr.serving import CALENDARS, bars_of, market_of, series_of
from tests.integration.simulated_gateway.instruments import EQUITY

AAPL = series_of(EQUITY, "5_MIN")
DAYS = sessions_of(EQUITY, "2024-05-01", "2024-05-31")
WEEK, LATER = ("2024-05-06", "2024-05-10"), ("2024-05-20", "2024-05-21")
HUNG_UP = "IBKR hung up while connecting. Retrying in a moment..."
RANGE = ("-i", "AAPL.NASDAQ", "--start", WEEK[0], "--end", WEEK[1])
REFUSAL = ("4", "2", "-1", "321", "Error validating request.", "")
NEWS = ("4", "2", "-1", "2104", "Market data farm connection is OK:usfarm", "")


@pytest.fixture
def desk(opening: Opening) -> Desk:
    return opening({AAPL: bars_of(AAPL, DAYS)}, EQUITY)


def _while_connecting(
    kind: FaultKind, times: int = 1, after: int = 0, seconds: float = 0.05
) -> Fault:
    return Fault(kind, Stage.CONNECT, after, times, seconds)


@pytest.mark.parametrize(
    "kind", [FaultKind.DISCONNECT, FaultKind.DISCONNECT_MID_FRAME, FaultKind.INVALID_321]
)
def test_a_gateway_that_hangs_up_while_connecting_is_asked_again(
    desk: Desk, kind: FaultKind
) -> None:
    desk.gateway.set_faults([_while_connecting(kind, times=4)])
    assert desk.fetch(AAPL, *WEEK).days_written == 5
    assert desk.waits() == [f"{HUNG_UP} (attempt {number}/5)" for number in (2, 3, 4, 5)]


def test_a_gateway_that_always_hangs_up_is_given_up_with_its_own_words(desk: Desk) -> None:
    desk.gateway.set_faults([_while_connecting(FaultKind.INVALID_321, ALWAYS)])
    error = desk.refused(AAPL, *WEEK)
    assert isinstance(error, GatewayUnreachableError)
    port = desk.gateway.port
    assert error.message == (
        f"No IBKR Gateway can be reached at 127.0.0.1:{port}: it hung up before the connection "
        "was ready. It said: Error validating request.-'bW' : cause - as the fault asks "
        "(IBKR error 321)."
    )
    assert "API settings let this machine in" in error.recovery
    assert desk.connections() == 5


def test_a_fetch_that_no_gateway_answered_has_not_begun(desk: Desk) -> None:
    desk.fetch(AAPL, *WEEK)
    desk.gateway.set_faults([_while_connecting(FaultKind.DISCONNECT, ALWAYS)])
    assert isinstance(desk.refused(AAPL, *LATER), GatewayUnreachableError)
    assert len(desk.events(FetchStarted)) == 1
    assert desk.events(FetchAborted) == []


def test_a_connection_that_breaks_in_mid_fetch_is_made_again_though_the_gateway_hangs_up_first(
    desk: Desk,
) -> None:
    desk.gateway.set_faults(
        [Fault(FaultKind.DISCONNECT), _while_connecting(FaultKind.INVALID_321, 3, after=1)]
    )
    assert desk.fetch(AAPL, *WEEK).days_written == 5
    assert desk.waits() == [
        f"IBKR connection lost. Retrying in a moment... (attempt {number}/5)"
        for number in (2, 3, 4, 5)
    ]


def test_a_connection_that_cannot_be_made_again_in_mid_fetch_is_lost_for_the_gateways_reason(
    desk: Desk,
) -> None:
    desk.gateway.set_faults(
        [Fault(FaultKind.DISCONNECT), _while_connecting(FaultKind.INVALID_321, ALWAYS, after=1)]
    )
    error = desk.refused(AAPL, *WEEK)
    assert isinstance(error, GatewayLostError)
    assert "as the fault asks (IBKR error 321)" in error.recovery


def test_a_gateway_without_its_own_connection_is_not_asked(desk: Desk) -> None:
    """An answer would be waited for in vain, much longer than it takes to be told of that."""
    desk.gateway.set_faults([_while_connecting(FaultKind.LOST_1100)])
    assert desk.fetch(AAPL, *WEEK).days_written == 5
    assert {one.partition(" Retrying")[0] for one in desk.waits()} == {"IBKR connection lost."}


@attrs.define
class Restarting(MemoryProgress):
    """Ends a gateway at the first wait for it, and starts `then` at the second one."""

    first: SimulatedGateway | None = None
    then: SimulatedGateway | None = None

    def stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        super().stand(sentence, seconds, paced=paced)
        if self.first and sentence and "(attempt 2/5)" in sentence:
            self.first.__exit__(None, None, None)
            self.first = None
        if self.then and sentence and "(attempt 3/5)" in sentence:
            self.then.__enter__()
            self.then = None


def test_a_gateway_that_is_restarted_in_mid_fetch_is_waited_for(
    desk: Desk, short_waits: pytest.MonkeyPatch
) -> None:
    """TWS does so once a day; nothing listens meanwhile."""
    short_waits.setenv("BARLEDGER_IBKR_RETRY_SECONDS", "0.3")
    desk.gateway.set_faults([Fault(FaultKind.DISCONNECT, times=ALWAYS)])
    served = market_of({AAPL: bars_of(AAPL, DAYS)}, EQUITY)
    again = SimulatedGateway(served, CALENDARS, desk.clock.now, port=desk.gateway.port)
    desk.progress = Restarting(first=desk.gateway, then=again)
    try:
        assert desk.fetch(AAPL, *WEEK).days_written == 5
    finally:
        again.__exit__(None, None, None)
    assert {one.partition(" Retrying")[0] for one in desk.waits()} == {"IBKR connection lost."}


# Client IDs


def test_a_client_id_that_was_named_and_is_in_use_is_not_replaced(desk: Desk) -> None:
    desk.client_id = 7
    desk.gateway.set_faults([_while_connecting(FaultKind.CLIENT_ID_326)])
    error = desk.refused(AAPL, *WEEK)
    assert isinstance(error, ClientIdTakenError)
    assert error.message.endswith("says that client ID 7 is in use.")
    assert "Name another with --client-id, or none" in error.recovery


def test_who_named_no_client_id_is_not_told_to_name_none(desk: Desk) -> None:
    desk.gateway.set_faults([_while_connecting(FaultKind.CLIENT_ID_326, ALWAYS)])
    error = desk.refused(AAPL, *WEEK)
    assert isinstance(error, ClientIdTakenError)
    assert error.message.endswith(
        "says of 8 client IDs, the last of them 108, that each is in use."
    )
    assert "or none" not in error.recovery
    assert desk.connections() == 8


def test_a_client_id_that_the_gateway_has_not_let_go_of_yet_is_tried_again(desk: Desk) -> None:
    """A connection that broke can still be one to the gateway."""
    desk.client_id = 7
    desk.gateway.set_faults(
        [Fault(FaultKind.DISCONNECT), _while_connecting(FaultKind.CLIENT_ID_326, 2, after=1)]
    )
    assert desk.fetch(AAPL, *WEEK).days_written == 5
    assert len(desk.waits()) == 3


# No gateway at all


def test_where_nothing_listens_it_is_not_tried_again(barledger: Barledger) -> None:
    with door(0) as closed:
        ended = barledger("fetch", *RANGE, "--port", str(closed.port))
    assert ended.code == 6
    assert f"can be reached at 127.0.0.1:{closed.port}: nothing listens there." in ended.err
    assert "Start one with: docker compose up ibgateway" in ended.err
    assert "Retrying" not in ended.err


def test_a_gateway_that_ends_while_it_is_connected_to_may_be_started_again(
    barledger: Barledger,
) -> None:
    with door(1) as closing:
        ended = barledger("fetch", *RANGE, "--port", str(closing.port))
    assert ended.code == 6
    assert f"{HUNG_UP} (attempt 2/5)" in without_seconds(ended.err)
    assert f"{HUNG_UP} (attempt 5/5)" in without_seconds(ended.err)
    assert "nothing listens there." in ended.err


def test_the_reason_of_a_gateway_that_hangs_up_is_its_last_error_and_no_news(
    barledger: Barledger,
) -> None:
    with door(9, REFUSAL, NEWS) as refusing:
        ended = barledger("fetch", *RANGE, "--port", str(refusing.port))
        assert refusing.taken == 5
    assert ended.code == 6
    assert "It said: Error validating request. (IBKR error 321)." in ended.err


def test_a_backtest_without_bars_names_the_reason_of_a_gateway_that_hangs_up(
    barledger: Barledger,
) -> None:
    with door(9, REFUSAL) as refusing:
        ended = barledger(
            "backtest", *RANGE, "--strategy", "buy-and-hold", "--port", str(refusing.port)
        )
    assert ended.code == 3
    assert f"{HUNG_UP} (attempt 5/5)" in without_seconds(ended.err)
    assert "Data not found for AAPL.NASDAQ. Please connect to IBKR Gateway" in ended.err
    assert "(IBKR error 321)" in ended.err
