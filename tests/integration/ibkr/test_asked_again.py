"""What a source does, and what it tells, while it waits to ask a gateway again."""

from __future__ import annotations

import itertools

import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from adapters.simulated_gateway.requests import HEAD_TIMESTAMP
from domain.errors import GatewayLostError
from tests.integration.ibkr.desk import Desk, Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, series_of
from tests.integration.simulated_gateway.instruments import BITCOIN, EQUITY

AAPL = series_of(EQUITY, "5_MIN")
HALF_MINUTE = series_of(EQUITY, "30_SEC")
DAYS = sessions_of(EQUITY, "2024-05-01", "2024-05-10")
RANGE = ("2024-05-02", "2024-05-03")


@pytest.fixture
def desk(opening: Opening) -> Desk:
    return opening({AAPL: bars_of(AAPL, DAYS)}, EQUITY)


def test_the_start_of_a_history_is_asked_for_twice_at_most_and_counted_so(desk: Desk) -> None:
    """Only sixty such questions are allowed in ten minutes."""
    desk.gateway.set_faults([Fault(FaultKind.PACING_162, Stage.HEAD, 0, ALWAYS)])
    assert desk.fetch(AAPL, *RANGE).days_written == 2
    assert desk.waits() == ["IBKR rate limit reached. Retrying in a moment... (attempt 2/2)"]
    assert len(desk.gateway.requests(HEAD_TIMESTAMP)) <= 2


@pytest.mark.parametrize(
    ("kind", "what", "attempts"),
    [
        (FaultKind.CANCELLED_162, "IBKR cancelled the request.", 5),
        (FaultKind.GARBAGE, "IBKR gave an unreadable answer.", 2),
        (FaultKind.DISCONNECT, "IBKR connection lost.", 5),
        (FaultKind.CLIENT_ID_326, "IBKR connection lost.", 5),
        (FaultKind.PACING_420, "IBKR rate limit reached.", 5),
    ],
)
def test_the_reason_for_a_wait_is_what_happened(
    desk: Desk, kind: FaultKind, what: str, attempts: int
) -> None:
    desk.gateway.set_faults([Fault(kind, Stage.HISTORY)])
    assert desk.fetch(AAPL, *RANGE).days_written == 2
    assert desk.waits() == [f"{what} Retrying in a moment... (attempt 2/{attempts})"]


def test_who_is_found_at_one_of_two_exchanges_is_not_called_unknown(opening: Opening) -> None:
    coin = series_of(BITCOIN, "5_MIN")
    days = sessions_of(BITCOIN, "2024-05-01", "2024-05-02")
    desk = opening({coin: bars_of(coin, days)}, BITCOIN)
    with desk.wired() as container:
        (found,) = container.source().find("BTC/USD")
    assert found.id == BITCOIN.id
    assert desk.waits() == []


def test_that_an_instrument_is_unknown_is_told_once_where_its_symbol_is_looked_for_too(
    desk: Desk,
) -> None:
    with desk.wired() as container:
        assert [*container.source().find("NOSUCH.NASDAQ")] == []
        assert [*container.source().find("NOSUCH")] == []
    assert desk.waits() == ["IBKR finds no such instrument. Retrying in a moment... (attempt 2/2)"]
    # Each wait ends with none standing there.
    runs = [stands for stands, _ in itertools.groupby(desk.progress.stood, bool)]
    assert runs.count(True) == 1


def test_an_exchange_that_says_by_mistake_to_know_no_instrument_is_asked_again(
    opening: Opening,
) -> None:
    coin = series_of(BITCOIN, "5_MIN")
    days = sessions_of(BITCOIN, "2024-05-01", "2024-05-02")
    desk = opening({coin: bars_of(coin, days)}, BITCOIN)
    desk.gateway.set_faults([Fault(FaultKind.NO_SECURITY_200, Stage.RESOLVE)])
    with desk.wired() as container:
        (found,) = container.source().find("BTC/USD")
    assert found.id == BITCOIN.id


def test_a_request_that_is_cancelled_each_time_is_not_called_a_lost_connection(desk: Desk) -> None:
    desk.gateway.set_faults([Fault(FaultKind.CANCELLED_162, Stage.HISTORY, 0, ALWAYS)])
    error = desk.refused(AAPL, *RANGE)
    assert isinstance(error, GatewayLostError)
    assert error.message == (
        "IBKR cancelled a request for AAPL.NASDAQ, and 5 attempts brought no answer."
    )
    assert "(IBKR error 162)" in error.recovery


def test_no_data_is_no_answer_while_the_server_of_history_is_not_reached(desk: Desk) -> None:
    desk.gateway.set_faults(
        [
            Fault(FaultKind.FARM_2105, Stage.CONNECT, seconds=600),
            Fault(FaultKind.NO_DATA_162, Stage.HISTORY, 0, ALWAYS),
        ]
    )
    error = desk.refused(AAPL, *RANGE)
    assert isinstance(error, GatewayLostError)
    assert "IBKR's server ushmds is not reached" in error.recovery
    assert len(desk.questions()) == 5


def test_small_bars_of_one_contract_wait_for_each_other(opening: Opening) -> None:
    """These are eight different questions, of which IBKR allows five in two seconds."""
    desk = opening({HALF_MINUTE: bars_of(HALF_MINUTE, DAYS)}, EQUITY)
    outcome = desk.fetch(HALF_MINUTE, "2024-05-01", "2024-05-10")
    assert outcome.days_written == len(DAYS) == 8
    assert [one for one in desk.waits() if "allows no more requests of this kind" in one]
    assert len(desk.questions()) == 8  # none was refused
