"""`barledger import-csv`: what goes in comes out, and what is wrong stays out."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.builders import DATA, NEW_YORK, csv_text, minute_bars, session_bars
from tests.integration.cli.conftest import Barledger

SPY = DATA / "SPY_1min_2013-10-04_2013-10-11_utc.csv"
AAPL = DATA / "AAPL_1min_2014-06-05_2014-06-09_new_york.csv"
AAPL_HOURS = DATA / "AAPL_1hour_new_york.csv"
IBM = DATA / "IBM_1day_new_york.csv"
NAIVE = ("--timezone", "America/New_York")
HEADER = "timestamp,open,high,low,close,volume\n"

Row = tuple[dt.datetime, ...] | tuple[Decimal, ...]


def _stored(folder: Path, stamp: str) -> list[tuple[object, ...]]:
    tables = [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]
    columns = (stamp, "open", "high", "low", "close", "volume")
    return [
        row
        for table in tables
        for row in zip(*(_column(table, name) for name in columns), strict=True)
    ]


def _column(table: object, name: str) -> list[object]:
    column = table[name]  # type: ignore[index]
    if name.startswith("ts_"):
        nanoseconds = column.cast("int64").to_pylist()
        return [dt.datetime.fromtimestamp(value // 10**9, dt.UTC) for value in nanoseconds]
    return list(column.to_pylist())


def _written(path: Path, zone: dt.tzinfo) -> list[tuple[object, ...]]:
    """Read the file by the plainest means there are."""
    with path.open(newline="") as file:
        return [
            (_instant(row["timestamp"], zone), *(Decimal(row[name]) for name in list(row)[1:]))
            for row in csv.DictReader(file)
        ]


def _instant(text: str, zone: dt.tzinfo) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("file", "instrument", "bar_type", "partitions", "options"),
    [
        (SPY, "SPY.ARCA", "1_MIN", 6, ()),
        (AAPL, "AAPL.NASDAQ", "1_MIN", 3, NAIVE),
        (AAPL_HOURS, "AAPL.NASDAQ", "1_HOUR", 5849, NAIVE),
        (IBM, "IBM.NYSE", "1_DAY", 24, ()),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_every_decimal_and_instant_of_real_bars_comes_back(
    barledger: Barledger,
    catalog: Path,
    file: Path,
    instrument: str,
    bar_type: str,
    partitions: int,
    options: tuple[str, ...],
) -> None:
    ended = barledger("import-csv", file, "-i", instrument, "--json", *options)
    assert ended.code == 0, ended.err
    (imported,) = ended.document["files"]
    assert imported["bar_type"] == bar_type
    assert imported["partitions"] == partitions
    zone = dt.UTC if bar_type == "1_DAY" else NEW_YORK
    written = _written(file, zone)
    assert imported["rows"] == imported["bars_written"] == len(written)
    assert _stored(catalog / instrument / bar_type, "ts_open") == written


def test_an_open_stamp_becomes_the_close_one_bar_later(barledger: Barledger, catalog: Path) -> None:
    assert SPY.read_text().splitlines()[1].startswith("2013-10-04T08:06:00Z")
    assert barledger("import-csv", SPY, "-i", "SPY.ARCA").code == 0
    closes = [row[0] for row in _stored(catalog / "SPY.ARCA" / "1_MIN", "ts_event")]
    assert closes[0] == dt.datetime(2013, 10, 4, 8, 7, tzinfo=dt.UTC)


def test_a_close_stamp_stays_the_close(barledger: Barledger, catalog: Path) -> None:
    assert barledger("import-csv", SPY, "-i", "SPY.ARCA", "--stamp", "close").code == 0
    folder = catalog / "SPY.ARCA" / "1_MIN"
    assert _stored(folder, "ts_event")[0][0] == dt.datetime(2013, 10, 4, 8, 6, tzinfo=dt.UTC)
    assert _stored(folder, "ts_open")[0][0] == dt.datetime(2013, 10, 4, 8, 5, tzinfo=dt.UTC)


def test_daily_bars_close_with_their_session(barledger: Barledger, catalog: Path) -> None:
    assert barledger("import-csv", IBM, "-i", "IBM.NYSE").code == 0
    opens = [row[0] for row in _stored(catalog / "IBM.NYSE" / "1_DAY", "ts_open")]
    closes = [row[0] for row in _stored(catalog / "IBM.NYSE" / "1_DAY", "ts_event")]
    assert all(
        opened.date() == closed.astimezone(NEW_YORK).date()
        for opened, closed in zip(opens, closes, strict=True)
    )
    by_date = {closed.astimezone(NEW_YORK).date(): closed for closed in closes}
    hours = {
        dt.date(2013, 10, 4): (16, 0),
        dt.date(2013, 11, 29): (13, 0),
        dt.date(2013, 12, 24): (13, 0),
    }
    for date, hour in hours.items():
        at = by_date[date].astimezone(NEW_YORK)
        assert (at.hour, at.minute) == hour


def _file(tmp_path: Path, text: str, name: str = "bars.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def _import(barledger: Barledger, path: Path, *options: str) -> dict[str, object]:
    ended = barledger("import-csv", path, "-i", "AAPL.NASDAQ", "--json", *options)
    assert ended.code == 0, ended.err
    found: dict[str, object] = ended.document["files"][0]
    return found


def test_the_same_file_again_changes_nothing(barledger: Barledger, tmp_path: Path) -> None:
    file = _file(tmp_path, csv_text(minute_bars()))
    _import(barledger, file)
    again = _import(barledger, file)
    assert (again["bars_written"], again["bars_skipped"], again["partitions"]) == (0, 5, 0)


def test_bars_that_adjoin_held_ones_are_added_to_their_day(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    _import(barledger, _file(tmp_path, csv_text(minute_bars(count=5))))
    more = _import(barledger, _file(tmp_path, csv_text(minute_bars(count=9))))
    assert (more["bars_written"], more["bars_skipped"]) == (4, 5)
    folder = catalog / "AAPL.NASDAQ" / "1_MIN"
    assert [path.name for path in folder.glob("*.parquet")] == ["2024-01-02.2.parquet"]
    assert len(_stored(folder, "ts_event")) == 9


@pytest.fixture
def conflict(barledger: Barledger, tmp_path: Path) -> Path:
    """Hold minutes 0 to 9; return a file of minutes 4 to 6 with other prices."""
    _import(barledger, _file(tmp_path, csv_text(minute_bars(count=10))))
    other = minute_bars("2024-01-02T14:34:00", 3, first_price=20_000)
    return _file(tmp_path, csv_text(other), "other.csv")


def _closes(catalog: Path) -> list[Decimal]:
    return [row[4] for row in _stored(catalog / "AAPL.NASDAQ" / "1_MIN", "ts_event")]  # type: ignore[misc]


def test_a_conflict_must_be_settled_when_nobody_can_be_asked(
    barledger: Barledger, conflict: Path, catalog: Path
) -> None:
    ended = barledger("import-csv", conflict, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "conflict"
    assert "skip, overwrite or merge" in ended.document["error"]["recovery"]
    assert max(_closes(catalog)) < 190


def test_skip_keeps_what_is_held(barledger: Barledger, conflict: Path, catalog: Path) -> None:
    counts = _import(barledger, conflict, "--on-conflict", "skip")
    assert (counts["bars_skipped"], counts["bars_replaced"]) == (3, 0)
    assert max(_closes(catalog)) < 190


def test_merge_takes_the_files_bars_one_by_one(
    barledger: Barledger, conflict: Path, catalog: Path
) -> None:
    counts = _import(barledger, conflict, "--on-conflict", "merge")
    assert (counts["bars_written"], counts["bars_replaced"]) == (3, 3)
    closes = _closes(catalog)
    assert len(closes) == 10
    assert [close > 190 for close in closes] == [False] * 4 + [True] * 3 + [False] * 3


def test_overwrite_removes_bars_only_when_told_so(
    barledger: Barledger, conflict: Path, catalog: Path
) -> None:
    refused = barledger("import-csv", conflict, "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite")
    assert refused.code == 2
    assert "7 held bars" in refused.err
    assert len(_closes(catalog)) == 10
    _import(barledger, conflict, "--on-conflict", "overwrite", "--yes")
    assert len(_closes(catalog)) == 3


def test_overwriting_an_evening_in_another_partition_leaves_no_old_bar(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    evening = minute_bars("2024-01-03T00:10:00", 5)  # 19:10 in New York on 2 January
    _import(barledger, _file(tmp_path, csv_text(minute_bars(count=5)) + csv_text(evening)[37:]))
    day = _file(tmp_path, csv_text(minute_bars(count=5, first_price=30_000)), "day.csv")
    _import(barledger, day, "--on-conflict", "overwrite", "--yes")
    assert len(_closes(catalog)) == 5
    ended = barledger("list", "--json")
    assert ended.document["series"][0]["bars"] == 5
    back = _import(barledger, _file(tmp_path, csv_text(evening), "evening.csv"))
    assert back["bars_written"] == 5
    assert len(_closes(catalog)) == 10


def test_a_dry_run_tells_the_same_and_writes_nothing(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    counts = _import(barledger, _file(tmp_path, csv_text(minute_bars())), "--dry-run")
    assert counts["bars_written"] == 5
    assert not catalog.exists()


BAD_ROWS = [
    ("2024-01-02T14:31:00Z,1,2,1,2,-1", "volume", "negative"),
    ("2024-01-02T14:31:00Z,-1,2,1,2,5", "open", "greater than 0"),
    ("2024-01-02T14:31:00Z,1,2,1,3,5", "high", "greatest"),
    ("2024-01-02T14:31:00Z,1,2,1.5,2,5", "low", "least"),
    (",1,2,1,2,5", "timestamp", ""),
    ("2024-01-02T14:31:07Z,1,2,1,2,5", "timestamp", "grid"),
    ("2024-01-02T14:30:00Z,1,2,1,2,5", "timestamp", "repeats"),
    ("2024-01-02T14:29:00Z,1,2,1,2,5", "timestamp", "earlier"),
    ("2024-01-02T14:31:00Z,1,2,one,2,5", "low", ""),
    ("2024-01-02T14:31:00Z,1,2,nan,2,5", "low", ""),
    ("2090-01-02T14:31:00Z,1,2,1,2,5", "timestamp", "closed"),
    ("2024-01-02T14:31:00Z,1,2,0.0000000001,2,5", "low", "9"),
]


@pytest.mark.parametrize(("row", "column", "problem"), BAD_ROWS)
def test_a_bad_row_is_named_and_nothing_is_written(
    barledger: Barledger, tmp_path: Path, catalog: Path, row: str, column: str, problem: str
) -> None:
    good = "2024-01-02T14:28:00Z,1,2,1,2,5\n2024-01-02T14:30:00Z,1,2,1,2,5\n"
    file = _file(tmp_path, f"{HEADER}{good}{row}\n")
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--bar-type", "1_MIN", "--json")
    assert ended.code == 4
    error = ended.document["error"]
    assert error["code"] == "rows-refused"
    assert {row["line"] for row in error["rows"]} == {4}
    assert any(r["column"] == column and problem in r["problem"] for r in error["rows"])
    assert "line 4" in ended.err
    assert not catalog.exists()


def test_only_the_first_twenty_rows_fill_the_screen(barledger: Barledger, tmp_path: Path) -> None:
    text = csv_text(minute_bars(count=30)).replace(",100\n", ",-100\n")
    text = HEADER + "".join(line.rsplit(",", 1)[0] + ",-1\n" for line in text.splitlines()[1:])
    file = _file(tmp_path, text)
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    assert ended.err.count("\n  line ") == 20
    assert "and 10 more" in ended.err
    rows = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--json").document["error"]["rows"]
    assert [row["line"] for row in rows] == list(range(2, 32))


def test_a_naive_stamp_needs_its_zone(barledger: Barledger, catalog: Path) -> None:
    ended = barledger("import-csv", AAPL, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "time-zone-needed"
    assert "--timezone America/New_York" in ended.document["error"]["recovery"]
    assert "--timezone UTC" in ended.document["error"]["recovery"]
    assert "-i AAPL.NASDAQ" in ended.document["error"]["recovery"]
    assert not catalog.exists()


def test_a_file_that_runs_newest_first_is_taken_as_such(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    header, *rows = csv_text(minute_bars(count=9)).splitlines()
    _import(barledger, _file(tmp_path, "\n".join([header, *reversed(rows)]) + "\n"))
    closes = _closes(catalog)
    assert closes == sorted(closes)
    assert len(closes) == 9


def test_a_daily_bar_on_a_day_with_no_session_is_refused(
    barledger: Barledger, tmp_path: Path
) -> None:
    file = _file(tmp_path, HEADER + "2024-01-12,1,2,1,2,5\n2024-01-15,1,2,1,2,5\n")
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--bar-type", "1_DAY", "--json")
    assert ended.code == 4
    (row,) = ended.document["error"]["rows"]
    assert row["line"] == 3
    assert "no session" in row["problem"]


def test_one_row_shows_no_bar_type(barledger: Barledger, tmp_path: Path) -> None:
    ended = barledger(
        "import-csv", _file(tmp_path, csv_text(minute_bars(count=1))), "-i", "AAPL.NASDAQ"
    )
    assert ended.code == 2
    assert "--bar-type" in ended.err


def test_a_wrong_bar_type_is_refused(barledger: Barledger, tmp_path: Path) -> None:
    file = _file(tmp_path, csv_text(minute_bars(count=5)))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--bar-type", "5_MIN")
    assert ended.code == 4
    assert "grid of 5_MIN" in ended.err


def test_a_symbol_without_a_venue_must_be_known(barledger: Barledger, tmp_path: Path) -> None:
    file = _file(tmp_path, csv_text(minute_bars()))
    unknown = barledger("import-csv", file, "-i", "AAPL")
    assert unknown.code == 2
    assert "SYMBOL.VENUE" in unknown.err
    _import(barledger, file)
    assert barledger("import-csv", file, "-i", "AAPL").code == 0


@pytest.mark.parametrize("name", ["../../evil.NASDAQ", "A\0B.NASDAQ", "nonsense", "A.b"])
def test_an_instrument_id_that_is_none_is_refused(
    barledger: Barledger, tmp_path: Path, name: str
) -> None:
    file = _file(tmp_path, csv_text(minute_bars()))
    ended = barledger("import-csv", file, "-i", name, "--json")
    assert ended.code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bars.csv"]


def test_several_files_are_taken_one_after_the_other(barledger: Barledger, tmp_path: Path) -> None:
    one = _file(tmp_path, csv_text(minute_bars()), "one.csv")
    two = _file(tmp_path, csv_text(minute_bars("2024-01-03T14:30:00")), "two.csv")
    ended = barledger("import-csv", one, two, "-i", "AAPL.NASDAQ", "--json")
    assert [f["start"] for f in ended.document["files"]] == ["2024-01-02", "2024-01-03"]


def test_what_was_taken_before_a_file_is_refused_is_told(
    barledger: Barledger, tmp_path: Path
) -> None:
    good = _file(tmp_path, csv_text(minute_bars()), "good.csv")
    bad = _file(tmp_path, csv_text(minute_bars(first_price=-9_000)), "bad.csv")
    ended = barledger("import-csv", good, bad, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 4
    assert [Path(one["file"]).name for one in ended.document["files"]] == ["good.csv"]
    assert "nothing of the file" in ended.document["error"]["message"]


def test_a_damaged_partition_is_replaced_by_importing_it_again(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    bars = session_bars("2024-01-08", "2024-01-10", minutes=30)
    file = _file(tmp_path, csv_text(bars))
    _import(barledger, file)
    damaged = catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-09.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-7])
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["files"][0]["bars_written"] == 30
    assert "2024-01-09.parquet is damaged" in ended.err
    assert len(list((catalog / ".quarantine").rglob("*.parquet"))) == 1
    assert len(_closes(catalog)) == len(bars)


@pytest.mark.parametrize("reader", ["duckdb", "polars"])
def test_all_files_of_a_series_are_read_together(
    barledger: Barledger, catalog: Path, reader: str
) -> None:
    barledger("import-csv", AAPL_HOURS, "-i", "AAPL.NASDAQ", *NAIVE)
    files = str(catalog / "AAPL.NASDAQ" / "1_HOUR" / "*.parquet")
    written = [row[1:] for row in _written(AAPL_HOURS, NEW_YORK)]
    if reader == "duckdb":
        sql = f"SELECT open, high, low, close, volume FROM '{files}' ORDER BY ts_event"
        read = duckdb.sql(sql).fetchall()
    else:
        frame = pl.read_parquet(files).sort("ts_event")
        read = frame.select("open", "high", "low", "close", "volume").rows()
    assert read == written


def test_finer_prices_write_the_other_files_of_the_series_anew(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    _import(barledger, _file(tmp_path, csv_text(session_bars("2024-01-08", "2024-01-10"))))
    fine = minute_bars("2024-01-11T14:30:00", 5, first_price=1_870_001, price_precision=4)
    fine_file = _file(tmp_path, csv_text(fine), "fine.csv")
    counts = _import(barledger, fine_file)
    assert (counts["bars_written"], counts["partitions"]) == (5, 1)
    folder = catalog / "AAPL.NASDAQ" / "1_MIN"
    kinds = {pq.read_schema(path).field("open").type.scale for path in folder.glob("*.parquet")}
    assert kinds == {4}
    assert len(list(folder.glob("*.parquet"))) == 4
    (row,) = barledger("list", "--json").document["series"]
    assert row["bars"] == 3 * 390 + 5
    again = _import(barledger, _file(tmp_path, csv_text(session_bars("2024-01-08", "2024-01-10"))))
    assert (again["bars_written"], again["bars_replaced"]) == (0, 0)


@pytest.fixture
def hours(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold three hour bars of extended hours, the first of them opening at 09:00."""
    rows = [f"2014-01-02 {hour}:00:00,1,1,1,1,1" for hour in ("09", "10", "11")]
    file = _file(tmp_path, HEADER + "\n".join(rows), "hours.csv")
    _import(barledger, file, *NAIVE)
    return barledger


@pytest.mark.parametrize(
    ("stamps", "options"),
    [(("09:30", "10:00", "11:00"), ()), (("10:00", "11:00", "12:00"), ("--stamp", "close"))],
)
def test_the_same_hour_under_another_stamp_is_not_held_twice(
    hours: Barledger,
    tmp_path: Path,
    catalog: Path,
    stamps: tuple[str, ...],
    options: tuple[str, ...],
) -> None:
    rows = [f"2014-01-02 {stamp}:00,1,1,1,1,1" for stamp in stamps]
    file = _file(tmp_path, HEADER + "\n".join(rows), "again.csv")
    ended = hours("import-csv", file, "-i", "AAPL.NASDAQ", *NAIVE, *options, "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "conflict"
    for policy in ("skip", "merge"):
        _import(hours, file, *NAIVE, *options, "--on-conflict", policy)
        closes = _stored(catalog / "AAPL.NASDAQ" / "1_HOUR", "ts_event")
        assert [row[0].hour for row in closes] == [15, 16, 17]  # type: ignore[attr-defined]


@pytest.mark.parametrize("damage", ["cut", "folder", "gone"])
def test_damage_is_told_even_to_those_who_want_it_quiet(
    barledger: Barledger, tmp_path: Path, catalog: Path, damage: str
) -> None:
    file = _file(tmp_path, csv_text(session_bars("2024-01-08", "2024-01-10", minutes=30)))
    _import(barledger, file)
    path = catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-09.parquet"
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[:100])
    if damage == "folder":
        path.mkdir()
    words = ("import-csv", file, "-i", "AAPL.NASDAQ", "--quiet", "--json")
    head = barledger("ledger", "head", "--json").document["seq"]
    preview = barledger(*words, "--dry-run")
    assert preview.code == 0
    assert preview.document["files"][0]["bars_written"] == 30
    assert barledger("ledger", "head", "--json").document["seq"] == head
    assert barledger("list", "--json").document["series"][0]["bars"] == 60
    ended = barledger(*words)
    assert ended.code == 0, ended.err
    assert "2024-01-09.parquet is damaged" in ended.err
    assert "2024-01-09.parquet is damaged" in ended.document["warnings"][0]
    assert len(_closes(catalog)) == 90


def test_a_refused_row_is_shown_with_the_stamp_that_it_has(
    barledger: Barledger, tmp_path: Path
) -> None:
    rows = ("2024-01-02T14:00:00Z,1,2,1,2,5", "2024-01-02T14:31:00Z,1,2,1,2,5")
    file = _file(tmp_path, HEADER + "\n".join(rows))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--bar-type", "1_HOUR", "--json")
    values = {row["value"] for row in ended.document["error"]["rows"]}
    assert values == {"2024-01-02T14:31:00Z"}


def test_a_file_that_is_not_there_is_told(barledger: Barledger) -> None:
    ended = barledger("import-csv", "nowhere.csv", "-i", "AAPL.NASDAQ")
    assert ended.code == 4
    assert "nowhere.csv" in ended.err


def test_a_month_of_sessions_makes_a_file_a_day(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    bars = session_bars("2023-01-03", "2023-01-31")
    _import(barledger, _file(tmp_path, csv_text(bars, NEW_YORK)), *NAIVE)
    names = sorted(p.name for p in (catalog / "AAPL.NASDAQ" / "1_MIN").glob("2023-*.parquet"))
    assert names[0] == "2023-01-03.parquet"
    assert len(names) == 21
