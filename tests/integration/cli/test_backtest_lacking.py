"""What a backtest and a fetch say where a gateway is there, and no bar can be had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
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


# The first question of a run is about the start of the history, which stays answered.
SILENCE = Fault(FaultKind.NO_DATA_162, Stage.HISTORY, 0, ALWAYS)
WEEK = ("--start", "2023-10-02", "--end", "2023-10-06")
TOLD_SILENT = "IBKR gave nothing of 5 sessions that ended long ago: 2023-10-02 to 2023-10-06."


@pytest.fixture
def silent() -> Iterator[str]:
    with gateway(BARS, [SILENCE]) as at:
        yield str(at.port)


@pytest.mark.parametrize("name", [SYMBOL, NAME])
def test_a_fetch_of_which_nothing_came_is_no_success(
    barledger: Barledger, silent: str, name: str
) -> None:
    for _ in range(2):
        ended = barledger("fetch", "-i", name, *WEEK, "--port", silent, "--json")
        assert ended.code == 3, ended.err
        assert ended.document["error"]["code"] == "data-not-found"
        assert ended.document["error"]["message"].startswith(f"Data not found for {name}. Please")
        assert TOLD_SILENT in ended.document["error"]["recovery"]
        assert len(ended.document["series"][0]["left"]) == 5
        assert "gave no bars of 2023-10-02" in ended.document["warnings"][0]
    ended = barledger("fetch", "-i", name, *WEEK, "--port", silent)
    assert ended.code == 3
    assert NAME in ended.out
    assert TOLD_SILENT in " ".join(ended.err.split())


def test_a_silent_day_beside_held_ones_is_only_told(barledger: Barledger, silent: str) -> None:
    with gateway(BARS) as at:
        early = ("--start", "2023-10-02", "--end", "2023-10-04", "--port", str(at.port))
        assert barledger("fetch", "-i", NAME, *early).code == 0
    ended = barledger("fetch", "-i", NAME, *WEEK, "--port", silent, "--json")
    assert ended.code == 0
    assert ended.document["series"][0]["left"] == ["2023-10-05", "2023-10-06"]
    assert "gave no bars of 2023-10-05" in ended.document["warnings"][0]


def test_what_came_of_others_is_kept_where_nothing_came_of_one(barledger: Barledger) -> None:
    one, *others = named(3)
    # Of the others there are bars of months before: too far away to show that a week had none.
    bars = {**served([one], *WEEK[1::2]), **served(others, "2023-06-05", "2023-06-09")}
    with gateway(bars) as at:
        words = [word for name in named(3) for word in ("-i", name)]
        ended = barledger("fetch", *words, *WEEK, "--port", str(at.port), "--json")
    assert ended.code == 3
    assert [len(row["left"]) for row in ended.document["series"]] == [0, 5, 5]
    assert f"for {others[0]}." in ended.document["error"]["message"]
    assert f"So it is with {others[1]}." in ended.document["error"]["recovery"]
    assert barledger("check", "-i", one, *WEEK).code == 0


@pytest.mark.parametrize("held", [None, "2023-09-29", "2023-10-03"])
def test_a_backtest_does_not_run_on_nothing(
    barledger: Barledger, silent: str, tmp_path: Path, held: str | None
) -> None:
    first = "2023-10-02"
    if held:  # the partition of the day before can hold bars of the first one, too
        first = "2023-10-04"
        with gateway(served([NAME], "2023-09-25", held)) as at:
            before = ("--start", "2023-09-25", "--end", held, "--port", str(at.port))
            assert barledger("fetch", "-i", NAME, *before).code == 0
    report = tmp_path / "report.html"
    range_ = ("--start", first, "--end", "2023-10-06", "--report", report, "--json")
    ended = barledger("backtest", "-i", NAME, *HOLD, *range_, "--port", silent)
    assert ended.code == 3, ended.err
    assert ended.document["error"]["code"] == "data-not-found"
    assert "confirms nothing" in ended.document["error"]["recovery"]
    assert not report.exists()


@pytest.mark.parametrize("names", [(SYMBOL, NAME), (NAME, SYMBOL)])
def test_one_instrument_by_two_names_is_known_by_both(
    barledger: Barledger, names: tuple[str, str]
) -> None:
    unknown = Fault(FaultKind.NO_DATA_162, Stage.HEAD, 0, ALWAYS)
    both = [word for name in names for word in ("-i", name)]
    with gateway(BARS, [unknown, SILENCE]) as at:
        for command in ("backtest", "fetch"):
            ended = barledger(command, *both, *WEEK, "--port", str(at.port), "--json")
            assert ended.code == 3, ended.err
            assert "No instrument with the symbol" not in ended.err
            assert f"Warning: {names[0]}: IBKR gave no bars of 2023-10-02" in ended.err
