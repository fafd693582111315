"""`--as-of`: the Parquet catalog as it was at an earlier event or time, bars included."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.system import clock
from domain.bars import Bars
from tests.builders import NEW_YORK, csv_text, session_bars
from tests.integration.cli.conftest import Barledger

NAIVE = ("--timezone", "America/New_York")
HOLD = ("--strategy", "buy-and-hold", "--param", "trade_size=10")
WEEK = ("2024-01-08", "2024-01-12")
OLD, NEW = 18_000, 25_000


def _import(barledger: Barledger, folder: Path, bars: Bars, *options: str) -> int:
    """Import bars and return the number of the ledger's last event."""
    file = folder / "bars.csv"
    file.write_text(csv_text(bars, NEW_YORK))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", *NAIVE, *options)
    assert ended.code == 0, ended.err
    return _head(barledger)


def _head(barledger: Barledger) -> int:
    seq: int = barledger("ledger", "head", "--json").document["seq"]
    return seq


def _result(barledger: Barledger, *options: str) -> dict[str, Any]:
    ended = barledger("backtest", "-i", "AAPL.NASDAQ", *HOLD, *options, "--json")
    assert ended.code == 0, ended.err
    found = dict(ended.document)
    del found["seconds"]
    return found


@pytest.fixture
def overwritten(barledger: Barledger, tmp_path: Path) -> tuple[int, dict[str, Any]]:
    """Hold a week, then other bars of it; return the event and the result of before."""
    seq = _import(barledger, tmp_path, session_bars(*WEEK, price=OLD))
    result = _result(barledger)
    days = (("2024-01-08", "2024-01-11", OLD), ("2024-01-12", "2024-01-12", NEW))
    anew = Bars.concat([session_bars(first, last, price=price) for first, last, price in days])
    _import(barledger, tmp_path, anew, "--on-conflict", "overwrite")
    return seq, result


def test_overwritten_bars_give_their_result_again(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, before = overwritten
    assert _result(barledger)["accounts"] != before["accounts"]
    then = _result(barledger, "--as-of", str(seq))
    assert then.pop("as_of")["event"] == seq
    assert before.pop("as_of") is None
    assert then == before


def test_a_time_names_the_same_point(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, _ = overwritten
    time = barledger("ledger", "show", str(seq), "--json").document["recorded_at"]
    micros = re.sub(r"(\.\d{6})\d*Z", r"\1Z", time)
    # The instant is cut to microseconds, so the event may lie after it: look a second later.
    later = re.sub(r"\.\d+Z$", ".999999Z", micros)
    ended = barledger("check", "--as-of", later, "--json")
    assert ended.code == 0
    assert ended.document["as_of"]["event"] >= seq
    ended = barledger("backtest", "-i", "AAPL", *HOLD, "--as-of", "2020-01-01T00:00:00Z")
    assert ended.code == 3


def test_the_screen_says_which_point_it_is(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, _ = overwritten
    ended = barledger("backtest", "-i", "AAPL", *HOLD, "--as-of", str(seq))
    assert f"The Parquet catalog as of event {seq} (20" in ended.err
    assert f"from Parquet catalog as of event {seq}" in ended.out


def test_removed_bars_are_there_as_of_before(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, before = overwritten
    assert barledger("remove", "-i", "AAPL.NASDAQ", "--yes").code == 0
    assert barledger("backtest", "-i", "AAPL.NASDAQ", *HOLD).code == 2
    then = _result(barledger, "--as-of", str(seq))
    assert (then["bars"], then["accounts"]) == (before["bars"], before["accounts"])


def test_bars_that_were_deleted_to_free_space_are_told(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, _ = overwritten
    assert barledger("gc", "--older-than", "0d", "--yes").code == 0
    ended = barledger("backtest", "-i", "AAPL", *HOLD, "--as-of", str(seq), "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "revision-discarded"


def test_definitions_are_those_of_then(barledger: Barledger, tmp_path: Path) -> None:
    seq = _import(barledger, tmp_path, session_bars(*WEEK))
    # With this calendar every day has a session, so the weekend would be missing.
    barledger("instrument", "set", "-i", "AAPL.NASDAQ", "--calendar", "24/7")
    window = ("--start", "2024-01-06", "--end", "2024-01-12")
    assert barledger("backtest", "-i", "AAPL", *HOLD, *window).code == 3
    assert barledger("backtest", "-i", "AAPL", *HOLD, *window, "--as-of", str(seq)).code == 0


@pytest.mark.parametrize("window", [(), ("--start", WEEK[0], "--end", WEEK[1])])
def test_before_the_first_event_nothing_is_found(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]], window: tuple[str, ...]
) -> None:
    for name in ("AAPL", "AAPL.NASDAQ"):
        ended = barledger("backtest", "-i", name, *HOLD, *window, "--as-of", "0", "--json")
        assert ended.code == 3
        error = ended.document["error"]
        assert error["code"] == "data-not-found"
        assert "Gateway" not in error["message"] + error["recovery"]
        assert "--as-of" in error["recovery"]


def test_an_event_yet_to_come_is_wrong_usage(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    head = _head(barledger)
    for command in ("backtest", "check", "list"):
        instrument = ("-i", "AAPL") if command == "backtest" else ()
        ended = barledger(command, *instrument, "--as-of", str(head + 1), "--json")
        assert ended.code == 2
        assert ended.document["error"]["code"] == "invalid-as-of"
        assert f"ends at event {head}" in ended.document["error"]["message"]


@pytest.mark.parametrize("text", ["soon", "2024-01-01", "2024-01-01T10:00:00", "-1"])
def test_what_names_no_point_is_wrong_usage(barledger: Barledger, text: str) -> None:
    assert barledger("check", f"--as-of={text}").code == 2


def test_the_middle_of_a_transaction_is_warned_of(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, _ = overwritten
    assert "middle" in barledger("check", "--as-of", str(seq - 1)).err
    assert "middle" not in barledger("check", "--as-of", str(seq)).err
    assert "middle" not in barledger("check", "--as-of", str(_head(barledger))).err


def test_check_and_list_see_what_was_held(barledger: Barledger, tmp_path: Path) -> None:
    seq = _import(barledger, tmp_path, session_bars("2024-01-08", "2024-01-09"))
    _import(barledger, tmp_path, session_bars("2024-01-11", "2024-01-12"))
    window = ("--start", "2024-01-08", "--end", "2024-01-12", "--json")
    (now,) = barledger("check", *window).document["series"]
    assert now["gaps"] == [{"start": "2024-01-10", "end": "2024-01-10", "status": "missing"}]
    ended = barledger("check", *window, "--as-of", str(seq))
    assert ended.code == 3
    assert ended.document["as_of"]["event"] == seq
    (then,) = ended.document["series"]
    assert then["gaps"] == [{"start": "2024-01-10", "end": "2024-01-12", "status": "missing"}]
    (row,) = barledger("list", "--as-of", str(seq), "--json").document["series"]
    assert (row["end"], row["bars"]) == ("2024-01-09", 780)
    assert barledger("list", "--as-of", "0", "--json").document["series"] == []


def test_a_time_of_the_past_does_not_miss_what_was_yet_to_trade(
    barledger: Barledger, tmp_path: Path
) -> None:
    _import(barledger, tmp_path, session_bars(*WEEK))
    window = ("--start", "2024-01-08", "--end", "2024-01-12")
    ended = barledger(
        "check", "-i", "AAPL.NASDAQ", *window, "--as-of", "2024-01-10T12:00:00Z", "--json"
    )
    (row,) = ended.document["series"]
    assert row["gaps"] == [{"start": "2024-01-08", "end": "2024-01-09", "status": "missing"}]


@pytest.fixture
def clock_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Let the computer's clock stand at an instant, or let it be right again."""
    right = clock.SystemClock.now

    def run(text: str | None) -> None:
        if text is None:
            monkeypatch.setattr(clock.SystemClock, "now", right)
            return
        at = int(dt.datetime.fromisoformat(text).timestamp()) * 10**9
        monkeypatch.setattr(clock.SystemClock, "now", lambda _: at)

    return run


def _remove(barledger: Barledger, day: str) -> int:
    ended = barledger("remove", "-i", "AAPL.NASDAQ", "--start", day, "--end", day, "--yes")
    assert ended.code == 0, ended.err
    return _head(barledger)


@pytest.mark.parametrize("instrument", ["AAPL.NASDAQ", "MSFT.NASDAQ"])
def test_a_slow_clock_hides_no_gap_of_the_past(
    barledger: Barledger,
    tmp_path: Path,
    clock_says: Callable[[str | None], None],
    instrument: str,
) -> None:
    _import(barledger, tmp_path, session_bars(*WEEK))
    clock_says("2000-01-01T00:00:00Z")
    _remove(barledger, "2024-01-10")
    # The last day is not held any more, and yet was once, so that it was over.
    point = str(_remove(barledger, "2024-01-12"))
    clock_says(None)
    window = ("--start", WEEK[0], "--end", WEEK[1])
    ended = barledger("check", "-i", instrument, *window, "--as-of", point, "--json")
    assert ended.code == 3
    (row,) = ended.document["series"]
    assert row["checked"] == {"start": WEEK[0], "end": WEEK[1]}
    missing = 2 if instrument == "AAPL.NASDAQ" else 5
    assert (row["sessions"]["missing"], row["sessions"]["not_over"]) == (missing, 0)
    if instrument == "AAPL.NASDAQ":
        (row,) = barledger("check", "--as-of", point, "--json").document["series"]
        assert row["gaps"] == [{"start": "2024-01-10", "end": "2024-01-10", "status": "missing"}]


def test_an_event_is_not_older_than_those_before_it(
    barledger: Barledger, tmp_path: Path, clock_says: Callable[[str | None], None]
) -> None:
    clock_says("2024-01-17T00:00:00Z")
    _import(barledger, tmp_path, session_bars("2024-01-08", "2024-01-11"))
    clock_says("2000-01-01T00:00:00Z")
    seq = _remove(barledger, "2024-01-11")
    clock_says(None)
    window = ("--start", "2024-01-08", "--end", "2024-01-31")
    ended = barledger("check", "-i", "AAPL.NASDAQ", *window, "--as-of", str(seq), "--json")
    (row,) = ended.document["series"]
    assert row["gaps"] == [{"start": "2024-01-11", "end": "2024-01-16", "status": "missing"}]


def test_bars_that_were_held_prove_that_their_time_had_come(
    barledger: Barledger,
    tmp_path: Path,
    catalog: Path,
    clock_says: Callable[[str | None], None],
) -> None:
    for first, last in (("2024-01-08", "2024-01-09"), ("2024-01-11", "2024-01-12")):
        _import(barledger, tmp_path, session_bars(first, last))
    for suffix in ("", "-wal", "-shm"):
        (catalog / f"ledger.db{suffix}").unlink(missing_ok=True)
    clock_says("2000-01-01T00:00:00Z")
    assert barledger("verify", "--rebuild-ledger", "--yes").code == 0
    clock_says(None)
    window = ("--start", WEEK[0], "--end", WEEK[1])
    point = ("--as-of", str(_head(barledger)))
    ended = barledger("check", "-i", "AAPL.NASDAQ", *window, *point, "--json")
    assert ended.code == 3
    (row,) = ended.document["series"]
    assert row["gaps"] == [{"start": "2024-01-10", "end": "2024-01-10", "status": "missing"}]


def test_an_event_of_the_past_does_not_miss_what_was_yet_to_trade(
    barledger: Barledger, tmp_path: Path, clock_says: Callable[[str | None], None]
) -> None:
    clock_says("2024-01-10T12:00:00Z")
    seq = _import(barledger, tmp_path, session_bars("2024-01-08", "2024-01-08"))
    clock_says(None)
    window = ("--start", "2024-01-08", "--end", "2024-01-31")
    for point in (str(seq), "2024-01-10T12:00:01Z"):
        ended = barledger("check", "-i", "AAPL.NASDAQ", *window, "--as-of", point, "--json")
        (row,) = ended.document["series"]
        assert row["gaps"] == [{"start": "2024-01-09", "end": "2024-01-09", "status": "missing"}]


def test_a_range_of_which_nothing_was_over_is_warned_of(
    barledger: Barledger, tmp_path: Path
) -> None:
    _import(barledger, tmp_path, session_bars(*WEEK))
    window = ("--start", "2024-01-11", "--end", "2024-01-12")
    for options in (("--as-of", "2024-01-05T00:00:00Z"), ()):
        named = window if options else ("--start", "2099-01-05", "--end", "2099-01-06")
        ended = barledger("check", "-i", "AAPL.NASDAQ", *named, *options, "--json")
        assert ended.document["series"][0]["checked"] is None
        (warning,) = ended.document["warnings"]
        assert warning.startswith("AAPL.NASDAQ: no session of this range ")
        assert "over then" in warning if options else "over yet" in warning


def test_before_the_first_event_all_was_missing(barledger: Barledger, tmp_path: Path) -> None:
    _import(barledger, tmp_path, session_bars(*WEEK))
    window = ("--start", WEEK[0], "--end", WEEK[1])
    ended = barledger("check", "-i", "AAPL.NASDAQ", *window, "--as-of", "0", "--json")
    assert ended.code == 3
    assert ended.document["series"][0]["sessions"]["missing"] == 5


def test_check_warns_of_what_was_deleted_to_free_space(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    seq, _ = overwritten
    assert barledger("check", "--as-of", str(seq), "--json").document["warnings"] == []
    assert barledger("gc", "--older-than", "0d", "--yes").code == 0
    (warning,) = barledger("check", "--as-of", str(seq), "--json").document["warnings"]
    assert "1 partition that was held then can no longer be read" in warning
    assert "barledger gc" in warning
    early = ("--start", WEEK[0], "--end", "2024-01-09")
    for options in (("--as-of", str(seq), *early), ("--as-of", str(_head(barledger))), ()):
        ended = barledger("check", "-i", "AAPL", *options, "--json")
        assert ended.document["warnings"] == []


def test_far_times_are_only_far(
    barledger: Barledger, overwritten: tuple[int, dict[str, Any]]
) -> None:
    for command in ("list", "check"):
        (late,) = barledger(command, "--as-of", "9999-12-31T00:00:00Z", "--json").document["series"]
        assert late["bars"] == 5 * 390
    early = barledger("list", "--as-of", "0001-01-01T00:00:00Z", "--json")
    assert early.document["series"] == []
    assert barledger("check", "--as-of", "0001-01-01T00:00:00+14:00").code == 2
