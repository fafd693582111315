"""`barledger backtest`: what it says, what it refuses, and how it ends."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from domain.bars import Bars
from tests.builders import MINUTE, NEW_YORK, csv_text, minute_bars, session_bars, utc
from tests.integration.cli.conftest import Barledger, Ended

NAIVE = ("--timezone", "America/New_York")
HOLD = ("--strategy", "buy-and-hold", "--param", "trade_size=10")
WEEK = ("2024-01-08", "2024-01-12")


@pytest.fixture
def held(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold a week of AAPL minutes, Monday to Friday."""
    file = tmp_path / "week.csv"
    file.write_text(csv_text(session_bars(*WEEK), NEW_YORK))
    assert barledger("import-csv", file, "-i", "AAPL.NASDAQ", *NAIVE).code == 0
    return barledger


def _run(barledger: Barledger, *arguments: str) -> Ended:
    return barledger("backtest", "-i", "AAPL.NASDAQ", *arguments)


def _keep(
    barledger: Barledger, folder: Path, *parts: Bars, instrument: str = "AAPL.NASDAQ"
) -> None:
    file = folder / "bars.csv"
    file.write_text(csv_text(Bars.concat(parts)))
    ended = barledger("import-csv", file, "-i", instrument)
    assert ended.code == 0, ended.err


def test_profit_is_that_of_the_bars(held: Barledger) -> None:
    bars = session_bars(*WEEK)
    ended = _run(held, *HOLD, "--json")
    gain = 10 * (int(bars.close[-1]) - int(bars.close[0])) / 100
    assert ended.document["pnl"] == pytest.approx(gain, abs=0.005)
    assert ended.document["pnl_percent"] == pytest.approx(gain / 1000, abs=0.0001)
    assert ended.document["orders"] == ended.document["positions"] == 1
    assert ended.document["bars"] == 5 * 390


def test_other_parameters_give_other_results(held: Barledger) -> None:
    runs = [
        _run(held, "--strategy", "ema-cross", "--param", f"fast_ema_period={fast}", "--json")
        for fast in (3, 7)
    ]
    assert runs[0].document["orders"] > 0
    assert runs[0].document["pnl"] != runs[1].document["pnl"]


def test_the_keys_are_those_that_others_rely_on(held: Barledger) -> None:
    document = _run(held, *HOLD, "--json").document
    fixed = {
        "source",
        "bars",
        "orders",
        "positions",
        "pnl",
        "pnl_percent",
        "sharpe",
        "max_drawdown",
        "seconds",
    }
    assert fixed <= document.keys()
    assert document["source"] == {"catalog": 1950, "ibkr": 0}
    assert document["seconds"].keys() == {"load", "run", "total"}


def test_what_is_assumed_is_printed_with_the_result(held: Barledger) -> None:
    out = _run(held, *HOLD).out
    for words in ("netting", "margin", "Commission: none", "100,000.00 USD", "Sharpe"):
        assert words in out


def test_a_range_takes_only_its_bars(held: Barledger) -> None:
    day = _run(held, *HOLD, "--start", "2024-01-09", "--end", "2024-01-10", "--json")
    assert day.document["bars"] == 2 * 390
    hour = _run(
        held,
        *HOLD,
        "--start",
        "2024-01-09T10:00:00-05:00",
        "--end",
        "2024-01-09T11:00:00-05:00",
        "--json",
    )
    assert hour.document["bars"] == 60


def test_any_chunking_gives_the_same_result(held: Barledger) -> None:
    results = []
    for days in ("1", "2", "400"):
        document = _run(held, "--json", "--chunk-days", days).document
        del document["seconds"]
        results.append(document)
    assert results[0]["orders"] > 0
    assert results[0] == results[1] == results[2]


def test_missing_sessions_are_an_error_that_names_them(held: Barledger) -> None:
    ended = _run(held, *HOLD, "--start", "2024-01-08", "--end", "2024-01-19", "--json")
    assert ended.code == 3
    error = ended.document["error"]
    assert error["code"] == "data-not-found"
    assert error["message"] == (
        "Data not found for AAPL.NASDAQ. Please connect to IBKR Gateway or import CSV data."
    )
    # 15 January was Martin Luther King Day.
    assert "2024-01-16 to 2024-01-19 (4 sessions)" in error["recovery"]


def test_weekends_and_holidays_are_not_missing(held: Barledger) -> None:
    ended = _run(held, *HOLD, "--start", "2024-01-06", "--end", "2024-01-15")
    assert ended.code == 0, ended.err


def test_a_range_with_no_session_holds_nothing(held: Barledger) -> None:
    assert _run(held, *HOLD, "--start", "2024-01-13", "--end", "2024-01-14").code == 3


def test_the_name_in_the_message_is_the_one_that_was_typed(held: Barledger) -> None:
    ended = held("backtest", "-i", "AAPL", "--start", "2023-01-02", "--end", "2023-01-31")
    assert ended.code == 3
    assert "Data not found for AAPL. Please connect" in ended.err


def test_a_gap_inside_what_is_held_is_told(barledger: Barledger, tmp_path: Path) -> None:
    bars = session_bars("2024-01-08", "2024-01-08"), session_bars("2024-01-11", "2024-01-11")
    for place, part in enumerate(bars):
        file = tmp_path / f"{place}.csv"
        file.write_text(csv_text(part))
        barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    ended = _run(barledger, *HOLD)
    assert ended.code == 0
    assert "2 sessions inside what is held missing" in ended.err
    quiet = _run(barledger, *HOLD, "--quiet", "--json")
    assert "2024-01-09 to 2024-01-10" in quiet.document["warnings"][0]
    assert "2024-01-09 to 2024-01-10" in ended.err


def test_a_portfolio_is_named_instrument_by_instrument(held: Barledger, tmp_path: Path) -> None:
    file = tmp_path / "msft.csv"
    file.write_text(csv_text(session_bars(*WEEK, price=40_000), NEW_YORK))
    held("import-csv", file, "-i", "MSFT.NYSE", *NAIVE)
    ended = held("backtest", "-i", "AAPL", "-i", "MSFT", *HOLD, "--json")
    accounts = ended.document["accounts"]
    assert [account["venue"] for account in accounts] == ["NASDAQ", "NYSE"]
    profit = sum(account["end"] - account["start"] for account in accounts)
    assert ended.document["pnl"] == pytest.approx(profit, abs=0.001)
    assert sum(account["start"] for account in accounts) == 100_000


def test_the_tear_sheet_needs_no_network(held: Barledger, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert _run(held, "--report", str(report)).code == 0
    text = report.read_text()
    assert "<html" in text
    assert 'src="http' not in text


def test_a_strategy_of_ones_own_runs_from_the_working_folder(
    held: Barledger, tmp_path: Path
) -> None:
    (tmp_path / "mine_for_test.py").write_text(
        "from nautilus_trader.config import StrategyConfig\n"
        "from nautilus_trader.trading.strategy import Strategy\n"
        "class IdleConfig(StrategyConfig, frozen=True):\n"
        "    patience: int = 1\n"
        "class Idle(Strategy):\n"
        "    def __init__(self, config: IdleConfig) -> None:\n"
        "        super().__init__(config)\n"
    )
    ended = _run(held, "--strategy", "mine_for_test:Idle", "--param", "patience=3", "--json")
    assert ended.code == 0, ended.err
    assert (ended.document["orders"], ended.document["sharpe"]) == (0, None)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--strategy", "no-such"), "unknown-strategy", "ema-cross"),
        (("--strategy", "nowhere:Nothing"), "unknown-strategy", "nowhere"),
        (("--strategy", "json:Nothing"), "unknown-strategy", "Nothing"),
        (("--strategy", "json:JSONDecoder"), "unknown-strategy", "Strategy"),
        (("--param", "speed=3"), "strategy-parameter", "speed"),
        (("--param", "fast_ema_period=many"), "strategy-parameter", "fast_ema_period"),
        (("--param", "fast_ema_period=30"), "strategy-parameter", "fast_ema_period"),
        (("--param", "fast_ema_period"), "strategy-parameter", "KEY=VALUE"),
        (("--param", "trade_size=1", "--param", "trade_size=2"), "strategy-parameter", "twice"),
        (("--start", "2024-01-12", "--end", "2024-01-08"), "invalid-window", "after the start"),
        (("--start", "tomorrow"), "invalid-window", "tomorrow"),
        (("--capital", "lots"), "backtest-setting", "lots"),
        (("--capital", "-5"), "backtest-setting", "greater than 0"),
        (("--commission", "cheap"), "backtest-setting", "cheap"),
        (("--slippage", "2"), "backtest-setting", "probability"),
        (("--slippage", "nan"), "backtest-setting", "probability"),
        (("--bar-type", "7_MIN"), "invalid-bar-type", "7_MIN"),
        (("--bar-type", "1_HOUR"), "nothing-held", "1_MIN"),
        (("--oms", "chaos"), "usage", "chaos"),
        (("--chunk-days", "0"), "usage", "chunk-days"),
    ],
)
def test_a_wrong_request_says_what_is_wrong_with_exit_code_2(
    held: Barledger, arguments: tuple[str, ...], code: str, words: str
) -> None:
    ended = _run(held, *arguments, "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == code
    assert words in ended.document["error"]["message"] + ended.document["error"]["recovery"]
    assert ended.document["error"]["recovery"]


@pytest.mark.parametrize("name", ["../../etc.NASDAQ", "AAPL\0.NASDAQ", "AAPL.../..NASDAQ"])
def test_an_instrument_id_cannot_lead_out_of_the_catalog(held: Barledger, name: str) -> None:
    ended = held("backtest", "-i", name, "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "invalid-instrument-id"


def test_an_empty_catalog_is_a_usage_error_without_a_range(barledger: Barledger) -> None:
    ended = _run(barledger)
    assert ended.code == 2
    assert "import-csv" in ended.err


def test_an_empty_catalog_has_no_data_for_a_range(barledger: Barledger) -> None:
    ended = _run(barledger, "--start", "2024-01-01", "--end", "2024-01-31")
    assert ended.code == 3
    assert "Data not found for AAPL.NASDAQ." in ended.err


def test_a_catalog_that_is_a_file_is_told(barledger: Barledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ended = _run(barledger, "--catalog", str(tmp_path / "file"), "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "catalog-unusable"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_damaged_partition_stops_the_run_with_its_name(held: Barledger, catalog: Path) -> None:
    path = catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-10.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    ended = _run(held, *HOLD, "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "corrupt-partition"
    assert "2024-01-10.parquet" in ended.document["error"]["message"]
    again = _run(held, *HOLD, "--start", WEEK[0], "--end", WEEK[1], "--json")
    assert again.code == 3
    assert "Missing by the calendar NYSE: 2024-01-10" in again.document["error"]["recovery"]


def test_damage_at_the_end_of_what_is_held_is_not_forgotten(held: Barledger, catalog: Path) -> None:
    (catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-12.parquet").unlink()
    assert _run(held, *HOLD).code == 1
    ended = _run(held, *HOLD, "--quiet", "--json")
    assert ended.code == 0
    assert ended.document["bars"] == 4 * 390
    assert "damaged and left out until imported again: 2024-01-12" in ended.err
    assert "2024-01-12" in ended.document["warnings"][0]


def test_a_session_that_is_held_in_part_is_told_with_its_holes(
    barledger: Barledger, tmp_path: Path
) -> None:
    days = [session_bars("2024-01-02", "2024-01-02"), session_bars("2024-01-04", "2024-01-04")]
    _keep(barledger, tmp_path, days[0], session_bars("2024-01-03", "2024-01-03", minutes=60))
    _keep(barledger, tmp_path, days[1])
    range_ = ("--start", "2024-01-02", "--end", "2024-01-04")
    for window in (range_, ()):
        ended = _run(barledger, *HOLD, *window, "--quiet", "--json")
        assert ended.code == 0, ended.err
        assert ended.document["bars"] == 840
        assert ended.document["warnings"] == [
            "AAPL.NASDAQ: 1 session is partial, and the rest is used: "
            "2024-01-03 lacks 10:30-16:00 (America/New_York)"
        ]
    # The part that is held lacks nothing.
    hour = ("--start", "2024-01-03T09:30:00-05:00", "--end", "2024-01-03T10:30:00-05:00")
    ended = _run(barledger, *HOLD, *hour, "--json")
    assert (ended.document["bars"], ended.document["warnings"]) == (60, [])
    late = ("--start", "2024-01-03T11:00:00-05:00", "--end", "2024-01-03T12:00:00-05:00")
    assert _run(barledger, *HOLD, *late).code == 3


def test_many_holes_are_told_in_short(barledger: Barledger, tmp_path: Path) -> None:
    bars = session_bars("2024-01-08", "2024-01-17")
    _keep(barledger, tmp_path, bars.take((bars.ts_open // (40 * MINUTE)) % 2 == 0))
    (warning,) = _run(barledger, *HOLD, "--json").document["warnings"]
    assert warning.startswith("AAPL.NASDAQ: 7 sessions are partial, and the rest is used: ")
    assert warning.count(" lacks ") == 5
    assert "13:00-13:40 and 1 more (America/New_York)" in warning
    assert warning.endswith("; and 2 more, which `barledger check --json` lists")


def test_bars_outside_regular_hours_do_not_stand_for_a_session(
    barledger: Barledger, tmp_path: Path
) -> None:
    _keep(barledger, tmp_path, session_bars("2024-01-08", "2024-01-08"))
    _keep(barledger, tmp_path, minute_bars("2024-01-09T09:00:00", 60))
    ended = _run(barledger, *HOLD, "--start", "2024-01-08", "--end", "2024-01-09", "--json")
    assert ended.code == 3
    assert "2024-01-09 (1 session)" in ended.document["error"]["recovery"]


FUTURES = ("2024-01-07T23:00:00", "2024-01-12T22:00:00")


@pytest.fixture
def damaged_future(barledger: Barledger, tmp_path: Path, catalog: Path) -> Barledger:
    """Hold a week of ESH4.CME minutes, of which the UTC date 9 January is known to be damaged."""
    minutes = (utc(FUTURES[1]) - utc(FUTURES[0])) // MINUTE
    bars = minute_bars(FUTURES[0], minutes, first_price=510_000, step=0)
    # CME pauses from 16:00 to 17:00 in Chicago.
    bars = bars.take(bars.ts_open // (60 * MINUTE) % 24 != 22)
    define = ("--tick", "0.25", "--multiplier", "50", "--expiry", "2024-03-15")
    assert barledger("instrument", "set", "-i", "ESH4.CME", *define).code == 0
    _keep(barledger, tmp_path, bars, instrument="ESH4.CME")
    path = catalog / "ESH4.CME" / "1_MIN" / "2024-01-09.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    barledger("verify")
    return barledger


@pytest.mark.parametrize("date", ["2024-01-09", "2024-01-10"])
def test_a_session_known_to_be_damaged_is_missing_though_a_part_of_it_is_held(
    damaged_future: Barledger, date: str
) -> None:
    future = ("-i", "ESH4.CME", "--start", date, "--end", date)
    (row,) = damaged_future("check", *future, "--json").document["series"]
    assert row["gaps"] == [{"start": date, "end": date, "status": "corrupt"}]
    ended = damaged_future("backtest", *future, *HOLD, "--json")
    assert ended.code == 3
    assert ended.document["error"]["code"] == "data-not-found"
    recovery = ended.document["error"]["recovery"]
    assert f": {date} (1 session). Corrupt: {date}." in recovery


@pytest.mark.parametrize("date", ["2024-01-08", "2024-01-11", "2024-01-12"])
def test_damage_in_another_session_is_no_matter(damaged_future: Barledger, date: str) -> None:
    """The evening of 8 January is of the session of the 9th, which is not asked for."""
    day = ("--start", date, "--end", date)
    ended = damaged_future("backtest", "-i", "ESH4.CME", *HOLD, *day, "--json")
    assert ended.code == 0, ended.err
    assert ended.document["warnings"] == []
    assert ended.document["bars"] == 23 * 60


def test_a_range_of_instants_tells_what_of_it_is_damaged(damaged_future: Barledger) -> None:
    range_ = ("--start", "2024-01-08T15:00:00Z", "--end", "2024-01-09T00:00:00Z")
    ended = damaged_future("backtest", "-i", "ESH4.CME", *HOLD, *range_, "--json")
    assert ended.code == 0, ended.err
    # From 15:00 to the pause at 22:00, and the hour after it, which is of the next session.
    assert (ended.document["bars"], ended.document["warnings"]) == (8 * 60, [])


def test_without_a_range_damage_names_the_sessions_that_it_touches(
    damaged_future: Barledger,
) -> None:
    ended = damaged_future("backtest", "-i", "ESH4.CME", *HOLD, "--json")
    assert ended.code == 0, ended.err
    assert ended.document["warnings"] == [
        "ESH4.CME: damaged and left out until imported again: 2024-01-09 "
        "(sessions 2024-01-09 to 2024-01-10)"
    ]


def test_where_all_is_damaged_that_is_said(held: Barledger, catalog: Path) -> None:
    for path in (catalog / "AAPL.NASDAQ" / "1_MIN").glob("*.parquet"):
        path.write_bytes(b"damaged")
    held("verify")
    for window, code in (((), 2), (("--start", WEEK[0]), 3)):
        ended = _run(held, *HOLD, *window)
        assert ended.code == code
        words = " ".join(ended.err.split())
        assert "Damaged and left out until imported again: 2024-01-08, 2024-01-09" in words


@pytest.mark.parametrize(
    "window",
    [
        ("--end", "2024-01-05"),
        ("--end", "2023-01-05"),
        ("--start", "2024-01-20"),
        ("--start", "2100-01-01"),
        ("--start", "0001-01-01", "--end", "9999-12-31"),
    ],
)
def test_a_range_beside_what_is_held_is_not_found(held: Barledger, window: tuple[str, ...]) -> None:
    ended = _run(held, *HOLD, *window, "--json")
    assert ended.code == 3
    assert ended.document["error"]["code"] == "data-not-found"


def test_no_bar_is_loaded_to_find_what_is_missing(held: Barledger, catalog: Path) -> None:
    # Bytes that nobody has read yet do not matter before the run.
    for path in (catalog / "AAPL.NASDAQ" / "1_MIN").glob("*.parquet"):
        path.write_bytes(b"unread")
    ended = _run(held, *HOLD, "--start", "2024-01-08", "--end", "2024-01-19", "--json")
    assert ended.code == 3
    assert "2024-01-16 to 2024-01-19 (4 sessions)" in ended.document["error"]["recovery"]
    assert "Corrupt" not in ended.document["error"]["recovery"]


def test_a_report_that_cannot_be_written_is_refused_before_the_run(held: Barledger) -> None:
    ended = _run(held, "--report", "nowhere/at/all.html", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "report"
    assert "Loading" not in ended.err


def test_a_future_needs_its_definition_and_ends_with_its_expiry(
    barledger: Barledger, tmp_path: Path
) -> None:
    file = tmp_path / "es.csv"
    file.write_text(csv_text(minute_bars("2024-03-14T15:00:00", 60, first_price=510_000, step=25)))
    assert barledger("import-csv", file, "-i", "ESH4.CME").code == 0
    undefined = barledger("backtest", "-i", "ESH4.CME", *HOLD, "--json")
    assert undefined.document["error"]["code"] == "instrument-not-defined"
    define = ("instrument", "set", "-i", "ESH4.CME", "--tick", "0.25", "--multiplier", "50")
    barledger(*define, "--expiry", "2024-03-13")
    expired = barledger("backtest", "-i", "ESH4.CME", *HOLD, "--json")
    assert expired.code == 1
    assert expired.document["error"]["code"] == "expired-instrument"
    barledger(*define, "--expiry", "2024-03-15")
    ended = barledger("backtest", "-i", "ESH4.CME", *HOLD, "--json")
    # 59 steps of a quarter point from the first close to the last, 50 dollars a point, 10 lots.
    assert ended.document["pnl"] == pytest.approx(59 * 0.25 * 50 * 10)


def test_another_base_currency_takes_its_rate_from_the_catalog(
    held: Barledger, tmp_path: Path
) -> None:
    missing = _run(held, *HOLD, "--base-currency", "EUR", "--json")
    assert missing.code == 1
    assert missing.document["error"]["code"] == "missing-exchange-rate"
    rates = minute_bars("2024-01-08T05:00:00", 60 * 24 * 5, first_price=125_000, step=0)
    rates = _constant(rates)
    file = tmp_path / "eur.csv"
    file.write_text(csv_text(rates))
    assert held("import-csv", file, "-i", "EUR/USD.IDEALPRO").code == 0
    dollars = _run(held, *HOLD, "--json").document["pnl"]
    euros = _run(held, *HOLD, "--base-currency", "EUR", "--json")
    assert euros.code == 0, euros.err
    assert euros.document["currency"] == "EUR"
    assert euros.document["pnl"] == pytest.approx(dollars / 1.25, abs=0.02)
    assert euros.document["bars"] == euros.document["source"]["catalog"] == 1950
    assert "EUR/USD.IDEALPRO 1-minute bars (exchange rate) from Parquet catalog" in euros.err


def test_a_rate_after_the_last_traded_bar_changes_nothing(held: Barledger, tmp_path: Path) -> None:
    before, after = 60 * 24 * 5, 60 * 24 * 2
    rates = [
        _constant(minute_bars("2024-01-08T05:00:00", before, first_price=125_000, step=0)),
        _constant(minute_bars("2024-01-13T05:00:00", after, first_price=250_000, step=0)),
    ]
    results = []
    for place, part in enumerate(rates):
        file = tmp_path / f"eur{place}.csv"
        file.write_text(csv_text(part))
        assert held("import-csv", file, "-i", "EUR/USD.IDEALPRO").code == 0
        results.append(_run(held, *HOLD, "--base-currency", "EUR", "--json").document["pnl"])
    assert results[0] == results[1]


def _constant(bars: object) -> object:
    import attrs

    return attrs.evolve(bars, price_precision=5)  # type: ignore[misc]


def test_offline_is_what_a_catalog_with_all_bars_needs(held: Barledger) -> None:
    assert _run(held, *HOLD, "--offline").code == 0


def test_quiet_says_nothing_but_the_result(held: Barledger) -> None:
    assert _run(held, *HOLD, "--quiet").err == ""
    loud = _run(held, *HOLD)
    assert "Loading AAPL.NASDAQ 1-minute bars from Parquet catalog" in loud.err


def test_errors_are_logged_with_what_led_to_them(held: Barledger, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    _run(held, "--strategy", "nowhere:Nothing", "--log-file", str(log))
    text = log.read_text()
    assert '"code": "unknown-strategy"' in text
    assert "ModuleNotFoundError" in text
    assert "correlation_id" in text


def test_bars_after_the_last_close_are_not_waited_for(barledger: Barledger, tmp_path: Path) -> None:
    """A session that has not closed yet is not missing."""
    today = dt.datetime.now(dt.UTC).date()
    file = tmp_path / "recent.csv"
    start = today - dt.timedelta(days=20)
    last = today - dt.timedelta(days=1)
    file.write_text(csv_text(session_bars(str(start), str(last))))
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    ended = _run(
        barledger, *HOLD, "--start", str(start), "--end", str(today + dt.timedelta(days=20))
    )
    closed_today = dt.datetime.now(NEW_YORK).hour >= 13
    assert ended.code == 0 or (closed_today and f"{today}" in ended.err)


# Indices


def test_an_index_is_looked_at_and_never_traded(held: Barledger, tmp_path: Path) -> None:
    define = ("instrument", "set", "-i", "^SPX.CBOE", "--class", "index", "--currency", "USD")
    shown = held(*define, "--json")
    assert (shown.document["class"], shown.document["tick"]) == ("index", "0.01")
    assert "class            index" in held("instrument", "show", "-i", "^SPX.CBOE").out
    _keep(held, tmp_path, session_bars(*WEEK), instrument="^SPX.CBOE")
    ended = _run(held, "-i", "^SPX.CBOE", *HOLD, "--json")
    assert (ended.document["orders"], ended.document["positions"]) == (2, 1)
    reason = "^SPX.CBOE is an index, which cannot be traded"
    assert ended.document["refused_orders"] == {reason: 1}
    assert reason in _run(held, "-i", "^SPX.CBOE", *HOLD).out
