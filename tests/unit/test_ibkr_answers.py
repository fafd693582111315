"""What an error of the gateway means, and what the user is told of it."""

from __future__ import annotations

import pytest

from adapters.ibkr.answers import GatewayMessage, Meaning, refusal
from domain.errors import ContractNotFoundError, SourceRefusedError

PREFIX = "Historical Market Data Service error message:"


@pytest.mark.parametrize(
    ("code", "text", "meaning"),
    [
        (162, f"{PREFIX}HMDS query returned no data: AAPL@SMART Trades", Meaning.NO_DATA),
        (162, f"{PREFIX}No head time stamp", Meaning.NO_DATA),
        (162, f"{PREFIX}API historical data query pacing violation", Meaning.RATE_LIMIT),
        (420, "Invalid Real-time Query: pacing violation", Meaning.RATE_LIMIT),
        (100, "Max rate of messages per second has been exceeded", Meaning.RATE_LIMIT),
        (322, "Only 50 simultaneous API historical data requests allowed.", Meaning.RATE_LIMIT),
        (1100, "Connectivity between IB and TWS has been lost.", Meaning.LOST),
        (1101, "Connectivity restored - data lost.", Meaning.LOST),
        (2103, "Market data farm connection is broken:usfarm", Meaning.LOST),
        (2105, "HMDS data farm connection is broken:ushmds", Meaning.LOST),
        (2110, "Connectivity between TWS and server is broken.", Meaning.LOST),
        (162, f"{PREFIX}API historical data query cancelled: 3", Meaning.CANCELLED),
        (366, "No historical data query found for ticker id:3", Meaning.CANCELLED),
        (200, "No security definition has been found for the request", Meaning.UNKNOWN_CONTRACT),
        (162, f"{PREFIX}No market data permissions for NASDAQ STK", Meaning.REFUSED),
        (162, f"{PREFIX}invalid step: 1 min", Meaning.REFUSED),
        (162, f"{PREFIX}Time length exceed max.", Meaning.REFUSED),
        (162, "something new", Meaning.REFUSED),
        (321, "Error validating request", Meaning.REFUSED),
        (354, "Requested market data is not subscribed.", Meaning.REFUSED),
        (10314, "End Date/Time: The date, time, or time-zone entered is invalid.", Meaning.REFUSED),
        (10339, "Setting end date/time for continuous futures is not allowed", Meaning.REFUSED),
        (99_999, "an error of a later release", Meaning.REFUSED),
        (1102, "Connectivity restored - data maintained.", Meaning.NEWS),
        (2104, "Market data farm connection is OK:usfarm", Meaning.NEWS),
        (2106, "HMDS data farm connection is OK:ushmds", Meaning.NEWS),
        (2107, "HMDS data farm connection is inactive", Meaning.NEWS),
        (2158, "Sec-def data farm connection is OK:secdefil", Meaning.NEWS),
        (2174, "Warning: you submitted request without explicit time zone", Meaning.NEWS),
    ],
)
def test_each_error_has_one_meaning(code: int, text: str, meaning: Meaning) -> None:
    assert GatewayMessage(7, code, text).meaning is meaning


@pytest.mark.parametrize("code", [1100, 2103, 2105, 2110, 100])
def test_what_is_lost_or_limited_for_all_fails_every_request(code: int) -> None:
    assert GatewayMessage(-1, code, "all").concerns_all
    assert not GatewayMessage(7, code, "one").concerns_all


@pytest.mark.parametrize("code", [1102, 2104, 2106, 2158, 321])
def test_news_and_errors_of_nobody_fail_no_request(code: int) -> None:
    assert not GatewayMessage(-1, code, "none").concerns_all


@pytest.mark.parametrize(
    ("code", "text", "kind", "advice"),
    [
        (200, "No security definition", ContractNotFoundError, "Check the symbol"),
        (354, "not subscribed", SourceRefusedError, "Subscribe"),
        (162, "No market data permissions for NYSE", SourceRefusedError, "Subscribe"),
        (321, "Error validating request", SourceRefusedError, "--log-file"),
    ],
)
def test_a_refusal_says_what_to_do(
    code: int, text: str, kind: type[Exception], advice: str
) -> None:
    error = refusal(GatewayMessage(7, code, text), "AAPL.NASDAQ")
    assert isinstance(error, kind)
    assert "AAPL.NASDAQ" in error.message
    assert f"{text} (IBKR error {code})" in error.message
    assert advice in error.recovery
