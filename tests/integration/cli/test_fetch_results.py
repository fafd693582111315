"""What a fetch of many instruments does where one fails, and how its result is shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entrypoints.cli.fetch import _show
from entrypoints.cli.screen import Screen
from tests.faults.fetches import gateway, named, served
from tests.integration.cli.conftest import Barledger

ONE, TWO = named(2)
BARS = served([ONE, TWO], "2023-10-02", "2023-10-06")
WEEK = ("--start", "2023-10-02", "--end", "2023-10-06")
HOLD = ("--strategy", "buy-and-hold", "--param", "trade_size=1")


@pytest.fixture
def port() -> Iterator[str]:
    with gateway(BARS) as at:
        yield str(at.port)


def _words(*names: str) -> list[str]:
    return [word for name in names for word in ("-i", name)]


@pytest.mark.parametrize("unknown", ["NOPE.NASDAQ", "NOPE"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_unknown_instrument_does_not_keep_others_from_being_fetched(
    barledger: Barledger, port: str, unknown: str, place: int
) -> None:
    names = [ONE, TWO]
    names.insert(place, unknown)
    ended = barledger("fetch", *_words(*names), *WEEK, "--port", port, "--json")
    assert ended.code == 3, ended.err
    error = ended.document["error"]
    assert error["code"] == "contract-not-found"
    assert f"Data not found for {unknown}." in error["message"]
    rows = [(one["instrument_id"], one["days_written"]) for one in ended.document["series"]]
    assert rows == [(ONE, 5), (TWO, 5)]
    assert "The others are fetched all the same." in ended.err
    assert barledger("check", "-i", TWO, *WEEK).code == 0


def test_each_unknown_instrument_is_told_of(barledger: Barledger, port: str) -> None:
    ended = barledger("fetch", *_words("NOPE.NASDAQ", ONE, "NADA"), *WEEK, "--port", port, "--json")
    assert ended.code == 3
    told = [ended.document["error"]["message"], *ended.document["warnings"]]
    assert len(told) == 2
    for name in ("NOPE.NASDAQ", "NADA"):
        assert any(f"Data not found for {name}." in one for one in told)
    assert len(ended.document["series"]) == 1
    shown = barledger("fetch", *_words("NOPE.NASDAQ", ONE, "NADA"), *WEEK, "--port", port)
    assert shown.code == 3
    assert ONE in shown.out
    for name in ("NOPE.NASDAQ", "NADA"):
        assert f"Data not found for {name}." in shown.err


def test_where_no_instrument_is_known_nothing_is_shown_of_any(
    barledger: Barledger, port: str
) -> None:
    ended = barledger("fetch", "-i", "NOPE.NASDAQ", *WEEK, "--port", port)
    assert (ended.code, ended.out) == (3, "")
    assert "The others" not in ended.err


def test_a_backtest_needs_all_of_its_instruments_and_fetches_none_in_vain(
    barledger: Barledger, port: str
) -> None:
    ended = barledger(
        "backtest", *_words(ONE, "NOPE.NASDAQ"), *HOLD, *WEEK, "--port", port, "--json"
    )
    assert ended.code == 3
    assert "NOPE.NASDAQ" in ended.document["error"]["message"]
    assert barledger("check", "-i", ONE, *WEEK).code == 3


@pytest.mark.parametrize("empty", [0, 3])
def test_the_results_of_long_names_fit_a_usual_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty: int
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    row = {
        "instrument_id": "EUR/USD.IDEALPRO" if not empty else "GOOGL.NASDAQ",
        "bar_type": "30_MIN",
        "start": "2013-10-02",
        "end": "2023-10-06",
        "bars_fetched": 934_567,
        "days_written": 2_611,
        "days_held": 0,
        "confirmed_empty": empty,
        "joined": None,
    }
    _show(Screen(), [row] * 40)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 50
    assert all(len(line) <= 80 for line in lines)
    assert ("Empty" in lines[1]) is bool(empty)


def test_the_result_fits_a_usual_terminal(barledger: Barledger, port: str) -> None:
    ended = barledger("fetch", *_words(ONE, TWO), *WEEK, "--port", port)
    assert ended.code == 0
    assert all(len(line.rstrip()) <= 80 for line in ended.out.splitlines())
    (row,) = [line.split() for line in ended.out.splitlines() if ONE in line]
    assert row == [ONE, "1_MIN", "2023-10-02", "2023-10-06", "1,950", "5", "0"]
