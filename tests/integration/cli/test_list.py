"""`barledger list`, and `barledger instrument`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import DATA, csv_text, minute_bars
from tests.integration.cli.conftest import Barledger

SPY = DATA / "SPY_1min_2013-10-04_2013-10-11_utc.csv"


def test_an_empty_catalog_says_what_to_do(barledger: Barledger, catalog: Path) -> None:
    ended = barledger("list")
    assert ended.code == 0
    assert "import-csv" in ended.out
    assert barledger("list", "--json").document == {"series": []}
    assert not catalog.exists()


def test_a_series_is_listed_with_range_days_bars_and_size(
    barledger: Barledger, catalog: Path
) -> None:
    barledger("import-csv", SPY, "-i", "SPY.ARCA")
    (row,) = barledger("list", "--json").document["series"]
    files = list((catalog / "SPY.ARCA" / "1_MIN").glob("*.parquet"))
    assert row["instrument_id"] == "SPY.ARCA"
    assert (row["start"], row["end"]) == ("2013-10-04", "2013-10-11")
    assert (row["trading_days"], row["bars"]) == (6, 4839)
    assert row["bytes"] == sum(file.stat().st_size for file in files)
    assert row["updated"].endswith("+00:00")
    text = barledger("list").out
    assert "4,839" in text
    assert "SPY.ARCA" in text


def test_instruments_and_bar_types_choose_rows(barledger: Barledger, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(minute_bars()))
    barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    barledger("import-csv", file, "-i", "MSFT.NASDAQ")
    rows = barledger("list", "-i", "MSFT", "--json").document["series"]
    assert [row["instrument_id"] for row in rows] == ["MSFT.NASDAQ"]
    assert barledger("list", "--bar-type", "1_DAY", "--json").document["series"] == []
    for name in ("NVDA", "NVDA.NASDAQ"):
        ended = barledger("list", "-i", name)
        assert ended.code == 3
        assert f"Data not found for {name}." in ended.err


def test_options_stand_before_or_after_the_commands_name(
    barledger: Barledger, tmp_path: Path
) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(minute_bars()))
    other = tmp_path / "other"
    barledger("--catalog", other, "import-csv", file, "-i", "AAPL.NASDAQ")
    assert len(barledger("list", "--catalog", other, "--json").document["series"]) == 1
    assert len(barledger("--json", "--catalog", other, "list").document["series"]) == 1
    assert barledger("list", "--json").document["series"] == []


def test_what_stands_before_the_commands_name_wins_over_the_environment(
    barledger: Barledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BARLEDGER_CATALOG", str(tmp_path / "of the environment"))
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(minute_bars()))
    barledger("--catalog", tmp_path / "named", "import-csv", file, "-i", "AAPL.NASDAQ")
    assert (tmp_path / "named").exists()
    assert not (tmp_path / "of the environment").exists()
    barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    assert (tmp_path / "of the environment").exists()


def test_a_log_file_that_cannot_be_written_is_told(barledger: Barledger) -> None:
    ended = barledger("list", "--json", "--log-file", "nowhere/at/all.log")
    assert ended.code == 2
    assert "nowhere/at/all.log" in ended.document["error"]["message"]


def test_verbose_tells_an_error_without_a_traceback(barledger: Barledger) -> None:
    ended = barledger("list", "-i", "NVDA", "--verbose")
    assert ended.code == 3
    assert "failed" in ended.err
    assert ended.out == ""


def test_a_catalog_below_a_file_is_told(barledger: Barledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert barledger("list", "--catalog", tmp_path / "file" / "sub").code == 1


def test_a_ledger_copied_elsewhere_works_with_its_files(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    barledger("import-csv", SPY, "-i", "SPY.ARCA")
    catalog.rename(tmp_path / "moved")
    rows = barledger("list", "--catalog", tmp_path / "moved", "--json").document["series"]
    assert rows[0]["bars"] == 4839


def test_a_futures_definition_is_kept_and_changed_in_part(barledger: Barledger) -> None:
    refused = barledger("instrument", "set", "-i", "ESH4.CME", "--tick", "0.25")
    assert refused.code == 2
    assert "--multiplier, --expiry" in refused.err
    define = ("instrument", "set", "-i", "ESH4.CME")
    assert (
        barledger(*define, "--tick", "0.25", "--multiplier", "50", "--expiry", "2024-03-15").code
        == 0
    )
    assert barledger(*define, "--tick", "0.5").code == 0
    (row,) = barledger("instrument", "show", "-i", "ESH4", "--json").document["instruments"]
    assert row["defined"] is True
    assert (row["class"], row["tick"], row["multiplier"]) == ("future", "0.5", "50")
    assert (row["expiry"], row["currency"], row["price_precision"]) == ("2024-03-15", "USD", 2)


def test_an_equity_is_assumed_and_said_to_be(barledger: Barledger) -> None:
    (row,) = barledger("instrument", "show", "-i", "AAPL.NASDAQ", "--json").document["instruments"]
    assert row["defined"] is False
    assert (row["class"], row["tick"], row["currency"]) == ("equity", "0.01", "USD")
    assert "assumed" in barledger("instrument", "show", "-i", "AAPL.NASDAQ").out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--tick", "abc"), "not a number"),
        (("--tick", "-1"), "not greater than 0"),
        (("--tick", "NaN"), "not greater than 0"),
        (("--expiry", "soon"), "not a date"),
        (("--price-precision", "12"), "0<=x<=9"),
        (("--currency", "dollar"), "currency code"),
        (("--class", "spaceship"), "spaceship"),
        (("--multiplier", "1e400"), "multiplier"),
        (("--multiplier", "10"), "only a future"),
        (("--expiry", "2030-01-01"), "only a future"),
        (("--base-currency", "EUR"), "nothing else has one"),
        (("--tick", "1e400000"), "at most"),
        (("--tick", "٣"), "not a number"),
        (("--calendar", "NYES"), "NYSE"),
    ],
)
def test_a_bad_definition_is_refused(
    barledger: Barledger, catalog: Path, options: tuple[str, ...], problem: str
) -> None:
    ended = barledger("instrument", "set", "-i", "AAPL.NASDAQ", *options)
    assert ended.code == 2
    assert problem in ended.err
    assert not catalog.exists()


def test_an_instruments_own_calendar_can_be_taken_off(barledger: Barledger) -> None:
    define = ("instrument", "set", "-i", "AAPL.NASDAQ")
    for options, calendar in (
        (("--calendar", "LSE"), "LSE"),
        (("--tick", "0.05"), "LSE"),
        (("--no-calendar",), None),
    ):
        ended = barledger(*define, *options, "--json")
        assert ended.code == 0
        assert ended.document["calendar"] == calendar
    assert ended.document["tick"] == "0.05"


def test_a_calendar_and_none_cannot_both_be_meant(barledger: Barledger, catalog: Path) -> None:
    define = ("instrument", "set", "-i", "AAPL.NASDAQ")
    ended = barledger(*define, "--calendar", "LSE", "--no-calendar")
    assert ended.code == 2
    assert "--calendar 'LSE' and --no-calendar" in ended.err
    assert not catalog.exists()


def test_a_finer_tick_brings_its_precision(barledger: Barledger) -> None:
    barledger("instrument", "set", "-i", "AAPL.NASDAQ", "--tick", "0.0001")
    (row,) = barledger("instrument", "show", "-i", "AAPL.NASDAQ", "--json").document["instruments"]
    assert row["price_precision"] == 4
