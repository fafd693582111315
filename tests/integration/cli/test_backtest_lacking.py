"""What a backtest and a fetch say where a gateway is there, and no bar can be had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.faults.fetches import gateway, named, served
from tests.integration.cli.conftest import Barledger, Ended

(NAME,) = named(1)
SYMBOL = NAME.partition(".")[0]
# A week of 2023 whose first bar is the first that the gateway has.
BARS = served([NAME], "2023-10-02", "2023-10-06")
EARLY = ("--start", "2010-01-04", "--end", "2010-02-01")
TOLD_EARLY = "history begins later than 20 sessions of this range: 2010-01-04 to 2010-02-01"
YEAR = dt.datetime.now(dt.UTC).year + 1
TO_COME = ("--start", f"{YEAR}-01-04", "--end", f"{YEAR}-01-08")
HOLD = ("--strategy", "buy-and-hold", "--param", "trade_size=1")


@pytest.fixture
def port() -> Iterator[str]:
    with gateway(BARS) as at:
        yield str(at.port)


def _recovery(ended: Ended) -> str:
    assert ended.code == 3, ended.err
    error = ended.document["error"]
    assert error["message"].startswith(f"Data not found for {SYMBOL}. Please connect")
    recovery: str = error["recovery"]
    return recovery


def test_a_history_that_begins_later_is_told_with_its_date(barledger: Barledger, port: str) -> None:
    for _ in range(2):
        ended = barledger("backtest", "-i", SYMBOL, *EARLY, "--port", port, "--json")
        recovery = _recovery(ended)
        assert f"holds no {NAME} 1-minute bars. Its {TOLD_EARLY}" in recovery
        assert "(it begins on 2023-10-02)" in recovery
        assert "may still get" not in ended.err


def test_a_fetch_says_so_as_often_as_it_is_asked(barledger: Barledger, port: str) -> None:
    for _ in range(2):
        ended = barledger("fetch", "-i", SYMBOL, *EARLY, "--port", port, "--json")
        assert ended.code == 0, ended.err
        assert ended.document["warnings"] == [
            f"{SYMBOL}: its {TOLD_EARLY} (it begins on 2023-10-02)."
        ]
        assert ended.document["series"][0]["left"] == []


def test_beside_held_bars_the_same_is_told(barledger: Barledger, port: str) -> None:
    week = ("--start", "2023-10-02", "--end", "2023-10-06")
    assert barledger("fetch", "-i", SYMBOL, *week, "--port", port).code == 0
    ended = barledger("backtest", "-i", SYMBOL, *HOLD, *EARLY, "--port", port, "--json")
    assert f"Its {TOLD_EARLY} (it begins on 2023-10-02)." in _recovery(ended)
    ended = barledger("backtest", "-i", SYMBOL, *HOLD, *TO_COME, "--port", port, "--json")
    assert "No session of this range has closed yet." in _recovery(ended)


def test_a_range_that_is_yet_to_come(barledger: Barledger, port: str) -> None:
    ended = barledger("backtest", "-i", SYMBOL, *TO_COME, "--port", port, "--json")
    assert "No session of this range has closed yet." in _recovery(ended)
    ended = barledger("fetch", "-i", SYMBOL, *TO_COME, "--port", port, "--json")
    assert ended.code == 0, ended.err
    assert ended.document["warnings"] == [f"{SYMBOL}: no session of this range has closed yet."]


def test_a_weekend_holds_no_session(barledger: Barledger, port: str) -> None:
    weekend = ("--start", "2023-10-07", "--end", "2023-10-08")
    ended = barledger("fetch", "-i", SYMBOL, *weekend, "--port", port, "--json")
    assert ended.document["warnings"] == [f"{SYMBOL}: this range holds no session."]
    ended = barledger("backtest", "-i", SYMBOL, *weekend, "--port", port, "--json")
    assert "This range holds no session." in _recovery(ended)


@pytest.mark.parametrize("name", [SYMBOL, NAME])
def test_nothing_held_and_no_range_is_wrong_usage(
    barledger: Barledger, port: str, name: str
) -> None:
    ended = barledger("backtest", "-i", name, "--port", port, "--json")
    assert ended.code == 2, ended.err
    error = ended.document["error"]
    assert error["code"] == "nothing-held"
    assert f"holds no {NAME} 1-minute bars" in error["message"]


def test_an_unknown_symbol_and_no_range_is_asked_for(barledger: Barledger, port: str) -> None:
    ended = barledger("backtest", "-i", "NOSUCH", "--port", port, "--json")
    assert ended.code == 3
    assert (
        "IBKR is connected, and knows no instrument NOSUCH" in ended.document["error"]["recovery"]
    )
