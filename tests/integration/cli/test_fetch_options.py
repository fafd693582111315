"""What `barledger fetch` is asked with, and what it says where it cannot even begin."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import AAPL, MSFT, session_bars
from tests.disk_catalog import hold
from tests.integration.cli.conftest import Barledger

DAYS = ("--start", "2024-01-02", "--end", "2024-01-05")


@pytest.fixture
def nobody() -> Iterator[int]:
    """Return a port at which nobody listens."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@pytest.mark.parametrize(
    ("words", "said", "advice"),
    [
        (DAYS, "Nothing is said of what to fetch", "--update"),
        (("--update", *DAYS), "--start says something else", "Leave one of the two out"),
        (("--update", "--end", "2024-01-05"), "--end says something else", "Leave one"),
        (("--update", "--refetch"), "--refetch says something else", "Leave one"),
        (("--update",), "holds nothing to bring up to date", "barledger fetch -i"),
        (("-i", "AAPL.NASDAQ"), "holds no AAPL.NASDAQ 1-minute bars", "--start and --end"),
        (("-i", "AAPL.NASDAQ", "--port", "0", *DAYS), "--port", "barledger fetch --help"),
        (("-i", "AAPL.NASDAQ", "--client-id", "-1", *DAYS), "--client-id", "--help"),
        (("-i", "AAPL.NASDAQ", "--keep", "both", *DAYS), "--keep", "--help"),
        (("-i", "AAPL.NASDAQ", "--start", "2024-01-05", "--end", "2024-01-02"), "end", "Swap"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    barledger: Barledger, words: tuple[str, ...], said: str, advice: str
) -> None:
    ended = barledger("fetch", *words)
    assert ended.code == 2
    assert said in ended.err
    assert advice in ended.err


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "1e9"])
@pytest.mark.parametrize("name", ["CONNECT", "ANSWER", "RETRY", "PACING"])
def test_waits_that_are_no_seconds_are_wrong_usage(
    barledger: Barledger, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"BARLEDGER_IBKR_{name}_SECONDS", text)
    ended = barledger("fetch", "-i", "AAPL.NASDAQ", *DAYS)
    assert ended.code == 2
    assert f"BARLEDGER_IBKR_{name}_SECONDS is {text!r}" in ended.err


def test_no_gateway_is_told_with_where_it_was_looked_for(barledger: Barledger, nobody: int) -> None:
    ended = barledger("fetch", "-i", "AAPL.NASDAQ", *DAYS, "--port", f"{nobody}", "--json")
    assert ended.code == 6
    error = ended.document["error"]
    assert error["code"] == "gateway-unreachable"
    assert f"127.0.0.1:{nobody}" in error["message"]
    assert "docker compose up ibgateway" in error["recovery"]
    assert ended.document["series"] == []


def test_the_gateway_can_be_named_by_the_environment(
    barledger: Barledger, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BARLEDGER_IBKR_HOST", "localhost")
    monkeypatch.setenv("BARLEDGER_IBKR_PORT", f"{nobody}")
    ended = barledger("fetch", "-i", "AAPL.NASDAQ", *DAYS)
    assert ended.code == 6
    assert f"localhost:{nobody}" in ended.err


def test_what_is_held_is_not_asked_for_and_needs_no_gateway(
    barledger: Barledger, catalog: Path, nobody: int
) -> None:
    bars = session_bars("2024-01-02", "2024-01-05")
    for series in (AAPL, MSFT):
        hold(catalog, series, bars)
    ended = barledger(
        "fetch", "-i", "AAPL", "-i", "MSFT", "-i", "AAPL", *DAYS, "--port", f"{nobody}", "--json"
    )
    assert ended.code == 0
    assert [
        (one["instrument_id"], one["days_held"], one["bars_fetched"])
        for one in ended.document["series"]
    ] == [("AAPL.NASDAQ", 4, 0), ("MSFT.NASDAQ", 4, 0)]
    assert not list(catalog.rglob(".fetch.lock"))


def test_update_takes_every_series_that_is_held(
    barledger: Barledger, catalog: Path, nobody: int
) -> None:
    for series in (AAPL, MSFT):
        hold(catalog, series, session_bars("2024-01-02", "2024-01-05"))
    ended = barledger("fetch", "--update", "-i", "MSFT", "--port", f"{nobody}", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (6, "gateway-unreachable")
