"""`barledger import-csv`: which files are meant, and what a dry run and an error tell."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.builders import DATA, NEW_YORK, csv_text, minute_bars, session_bars
from tests.cli import Cli
from tests.integration.cli.conftest import Barledger

AAPL = DATA / "AAPL_1min_2014-06-05_2014-06-09_new_york.csv"
HEADER = "timestamp,open,high,low,close,volume\n"


def write(folder: Path, name: str, first: str, count: int = 5, price: int = 18_700) -> Path:
    path = folder / name
    path.write_text(csv_text(minute_bars(first, count, first_price=price)))
    return path


def contents(catalog: Path) -> dict[Path, bytes]:
    """Return all files; readers of a ledger leave an empty log of SQLite's beside it."""
    return {
        path: path.read_bytes()
        for path in catalog.rglob("*")
        if path.is_file() and not path.name.startswith("ledger.db-")
    }


# ---- which files -----------------------------------------------------------------------------


def test_a_pattern_stands_for_its_files_in_the_order_of_their_numbers(
    barledger: Barledger, tmp_path: Path
) -> None:
    (tmp_path / "year 2024").mkdir()
    for number in (10, 2, 1):
        write(tmp_path / "year 2024", f"part{number}.csv", f"2024-01-{number + 1:02}T15:00:00")
    write(tmp_path, "part3.csv", "2024-02-05T15:00:00")
    ended = barledger("import-csv", "year*/part*.csv", "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 0, ended.err
    names = [one["file"] for one in ended.document["files"]]
    assert names == [f"year 2024/part{number}.csv" for number in (1, 2, 10)]


def test_a_pattern_that_matches_nothing_is_an_error_that_says_where_it_looked(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    ended = barledger("import-csv", "nothing*.csv", "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 4
    assert ended.document["error"]["code"] == "unreadable-file"
    assert "nothing*.csv" in ended.document["error"]["message"]
    assert str(tmp_path) in ended.document["error"]["recovery"]
    assert not catalog.exists()


def test_a_file_whose_name_looks_like_a_pattern_is_taken_by_its_name(
    barledger: Barledger, tmp_path: Path
) -> None:
    write(tmp_path, "bars[1].csv", "2024-01-02T15:00:00")
    write(tmp_path, "bars1.csv", "2024-01-03T15:00:00")
    ended = barledger("import-csv", "bars[1].csv", "-i", "AAPL.NASDAQ", "--json")
    assert [one["start"] for one in ended.document["files"]] == ["2024-01-02"]


def test_a_file_that_is_named_twice_is_taken_once(barledger: Barledger, tmp_path: Path) -> None:
    write(tmp_path, "bars.csv", "2024-01-02T15:00:00")
    ended = barledger("import-csv", "bars.csv", "b*.csv", "-i", "AAPL.NASDAQ", "--json")
    assert len(ended.document["files"]) == 1


def test_a_dash_is_standard_input(
    barledger: Barledger, monkeypatch: pytest.MonkeyPatch, catalog: Path
) -> None:
    content = csv_text(minute_bars()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    ended = barledger("import-csv", "-", "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["files"][0]["file"] == "-"
    assert ended.document["files"][0]["bars_written"] == 5
    logged = barledger("ledger", "log", "--type", "CsvImported", "--json")
    assert logged.document["events"][0]["fields"]["file"] == "-"


def test_standard_input_is_called_so_in_what_is_shown(
    barledger: Barledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = csv_text(minute_bars()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    ended = barledger("import-csv", "-", "-i", "AAPL.NASDAQ")
    assert ended.out.startswith("standard input: 5 rows")


def test_a_real_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    text = csv_text(session_bars("2024-01-02", "2024-01-31"))
    run = cli("import-csv", "-", "-i", "AAPL.NASDAQ", "--json", input_text=text).succeeded()
    assert run.document["files"][0]["bars_written"] == text.count("\n") - 1


def test_standard_input_is_imported_alone(barledger: Barledger, tmp_path: Path) -> None:
    write(tmp_path, "bars.csv", "2024-01-02T15:00:00")
    ended = barledger("import-csv", "-", "bars.csv", "-i", "AAPL.NASDAQ")
    assert ended.code == 2
    assert "alone" in ended.err


# ---- what has to be said ---------------------------------------------------------------------


def test_both_commands_to_choose_from_have_everything_that_was_said(
    barledger: Barledger, tmp_path: Path
) -> None:
    bare = tmp_path / "no header.csv"
    bare.write_text("".join(AAPL.read_text().splitlines(keepends=True)[1:20]))
    words = ["import-csv", str(bare), "-i", "AAPL.NASDAQ", "--bar-type", "1_MIN"]
    words += ["--columns", "timestamp,open,high,low,close,volume"]
    ended = barledger(*words, "--json")
    assert ended.code == 2
    commands = [line.split(": ", 1)[1] for line in ended.document["error"]["recovery"].splitlines()]
    assert len(commands) == 2
    for command, zone in zip(commands, ("America/New_York", "UTC"), strict=True):
        assert f"'{bare}'" in command
        assert command.startswith("barledger import-csv ")
        assert command.endswith(f"--json --timezone {zone}")
        assert "--columns timestamp,open,high,low,close,volume" in command


def test_the_zone_to_choose_is_the_venues(barledger: Barledger) -> None:
    ended = barledger("import-csv", AAPL, "-i", "VOD.LSE")
    assert "--timezone Europe/London" in ended.err


@pytest.mark.parametrize(("choice", "opened"), [("earlier", "05:30"), ("later", "06:30")])
def test_an_hour_that_the_clock_repeats_is_the_one_that_is_said(
    barledger: Barledger, tmp_path: Path, choice: str, opened: str
) -> None:
    file = tmp_path / "night.csv"
    file.write_text(HEADER + "2024-11-03 01:30:00,1,1,1,1,1\n2024-11-03 01:31:00,1,1,1,1,1\n")
    words = ["import-csv", file, "-i", "X.UNKNOWN", "--timezone", "America/New_York", "--json"]
    refused = barledger(*words)
    assert refused.code == 4
    assert [row["line"] for row in refused.document["error"]["rows"]] == [2, 3]
    assert "--dst earlier" in refused.document["error"]["rows"][0]["problem"]
    assert barledger(*words, "--dst", choice).code == 0
    (written,) = barledger("ledger", "log", "--type", "PartitionWritten", "--json").document[
        "events"
    ]
    assert f"T{opened}:00Z" in str(written["fields"])
    (imported,) = barledger("ledger", "log", "--type", "CsvImported", "--json").document["events"]
    assert imported["fields"]["clock_change"] == choice


@pytest.mark.parametrize("mark", ["tab", "\\t", "\t"])
def test_a_tab_can_be_named(barledger: Barledger, tmp_path: Path, mark: str) -> None:
    file = tmp_path / "tabs.csv"
    file.write_text(csv_text(minute_bars()).replace(",", "\t"))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--delimiter", mark)
    assert ended.code == 0, ended.err


def test_what_was_found_without_being_told_is_told(barledger: Barledger, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(csv_text(minute_bars()).replace(",", ";").replace("timestamp", "Time"))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    assert ended.code == 0, ended.err
    assert "semicolon" in ended.out
    assert "Time as timestamp" in ended.out
    again = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--json").document
    assert any("semicolon" in note for note in again["files"][0]["notes"])


# ---- suspicious, and legal -------------------------------------------------------------------


def test_exchange_time_that_is_read_as_utc_is_told_first(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    """The silent five-hour error of the loader that barledger replaces."""
    local = tmp_path / "local.csv"
    local.write_text(csv_text(session_bars("2024-01-02", "2024-01-12"), NEW_YORK))
    words = ["import-csv", local, "-i", "AAPL.NASDAQ", "--dry-run", "--json"]
    right = barledger(*words, "--timezone", "America/New_York").document
    assert right["files"][0]["suspicious"] == []
    wrong = barledger(*words, "--timezone", "UTC")
    assert wrong.code == 0
    first = wrong.document["files"][0]["suspicious"][0]
    assert first["kind"] == "wrong-zone"
    assert "5 hours early" in first["text"]
    assert "--timezone America/New_York" in wrong.document["warnings"][0]
    assert not catalog.exists()


def test_odd_bars_are_warnings_and_are_taken(barledger: Barledger, tmp_path: Path) -> None:
    rows = ["2024-01-02,100,100,100,100,0", "2024-01-03,50,51,49,50,10", "2024-01-04,50,51,49,50,9"]
    file = tmp_path / "days.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n")
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 0
    found = {one["kind"]: one["line"] for one in ended.document["files"][0]["suspicious"]}
    assert found == {"price-jump": 3, "zero-volume": 2, "flat-day": 2}
    assert len(ended.document["warnings"]) == 3
    assert ended.err.count("Warning: ") == 3


# ---- conflicts -------------------------------------------------------------------------------


@pytest.fixture
def conflict(barledger: Barledger, tmp_path: Path) -> Path:
    """Hold three days of ten bars; return a file of three bars on each of two of them."""
    held = session_bars("2024-01-02", "2024-01-04", minutes=10)
    file = tmp_path / "held.csv"
    file.write_text(csv_text(held))
    assert barledger("import-csv", file, "-i", "AAPL.NASDAQ").code == 0
    other = tmp_path / "other.csv"
    later = minute_bars("2024-01-03T14:38:00", 4, first_price=20_000)
    other.write_text(
        csv_text(minute_bars("2024-01-02T14:34:00", 3, first_price=20_000))
        + "".join(csv_text(later).splitlines(keepends=True)[1:])
    )
    return other


DAYS = [
    {"day": "2024-01-02", "new": 0, "identical": 0, "different": 3, "vanishing": 7},
    {"day": "2024-01-03", "new": 2, "identical": 0, "different": 2, "vanishing": 8},
]


def test_a_conflict_is_told_day_by_day(barledger: Barledger, conflict: Path) -> None:
    ended = barledger("import-csv", conflict, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 2
    assert ended.document["error"]["conflicts"] == DAYS
    assert "5 bars" in ended.document["error"]["message"]
    assert "2024-01-02: 3 different" in ended.err


def test_a_dry_run_tells_what_each_way_would_do_and_decides_nothing(
    barledger: Barledger, conflict: Path, catalog: Path
) -> None:
    before = contents(catalog)
    ended = barledger("import-csv", conflict, "-i", "AAPL.NASDAQ", "--dry-run", "--json")
    assert ended.code == 0
    (file,) = ended.document["files"]
    assert file["on_conflict"] is None
    assert file["conflicts"] == DAYS
    assert file["bytes_estimated"] > 0
    shown = barledger("import-csv", conflict, "-i", "AAPL.NASDAQ", "--dry-run").out
    for policy in ("skip", "overwrite", "merge"):
        assert f"  {policy} " in shown
    assert "15 held bars" in shown
    assert contents(catalog) == before


@pytest.mark.parametrize(
    ("policy", "counts"),
    [("skip", (2, 5, 0, 0)), ("merge", (7, 0, 5, 0)), ("overwrite", (7, 0, 5, 15))],
)
def test_a_dry_run_counts_as_the_import_does(
    barledger: Barledger, conflict: Path, policy: str, counts: tuple[int, ...]
) -> None:
    words = ["import-csv", conflict, "-i", "AAPL.NASDAQ", "--on-conflict", policy, "--yes"]
    for more in ("--dry-run", "--quiet"):
        (file,) = barledger(*words, "--json", more).document["files"]
        names = ("bars_written", "bars_skipped", "bars_replaced", "bars_removed")
        assert tuple(file[name] for name in names) == counts
    (last,) = barledger("ledger", "log", "--type", "CsvImported", "--json").document["events"][1:]
    assert last["fields"]["bars_removed"] == counts[3]


def test_every_replaced_bar_can_be_looked_up(barledger: Barledger, conflict: Path) -> None:
    ended = barledger("import-csv", conflict, "-i", "AAPL.NASDAQ", "--on-conflict", "merge")
    (hint,) = [line for line in ended.out.splitlines() if "bar by bar: " in line]
    words = hint.split("barledger ", 1)[1].split()
    found = barledger(*words, "--json").document["bars"]
    assert found["added"] == 2
    assert len(found["replaced"]) == 5
    first = found["replaced"][0]
    assert first["ts_open"].startswith("2024-01-02T14:34:00")
    assert (first["before"]["open"], first["after"]["open"]) == ("180.04", "200.00")


def test_days_that_the_file_does_not_have_stay(barledger: Barledger, conflict: Path) -> None:
    words = ["import-csv", conflict, "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite", "--yes"]
    assert barledger(*words).code == 0
    (series,) = barledger("list", "--json").document["series"]
    assert series["bars"] == 3 + 4 + 10


def test_a_name_that_moves_the_cursor_is_made_harmless(
    barledger: Barledger, tmp_path: Path
) -> None:
    file = tmp_path / "bars\x1b[2J.csv"
    file.write_text(csv_text(minute_bars()))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ")
    assert ended.code == 0
    assert "\x1b" not in ended.out + ended.err


# ---- what is meant is not what is taken ------------------------------------------------------


def test_one_instrument_is_named_once(barledger: Barledger, tmp_path: Path, catalog: Path) -> None:
    file = write(tmp_path, "bars.csv", "2024-01-02T15:00:00")
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "-i", "MSFT.NASDAQ")
    assert ended.code == 2
    assert "one instrument" in ended.err
    assert not catalog.exists()


def test_bars_of_five_minutes_are_not_taken_for_minutes(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    lines = csv_text(session_bars("2024-01-02", "2024-01-03")).splitlines(keepends=True)
    file = tmp_path / "five.csv"
    file.write_text("".join([lines[0], *lines[1::5]]))
    words = ["import-csv", file, "-i", "AAPL.NASDAQ", "--json"]
    ended = barledger(*words, "--bar-type", "1_MIN")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "bar-type-mismatch"
    assert "--bar-type 5_MIN" in ended.document["error"]["recovery"]
    assert not catalog.exists()
    assert barledger(*words).document["files"][0]["bar_type"] == "5_MIN"


def test_prices_below_zero_need_to_be_allowed(barledger: Barledger, tmp_path: Path) -> None:
    file = tmp_path / "oil.csv"
    file.write_text(
        HEADER + "2020-04-17,18,20,17,18,10\n2020-04-20,17.73,17.85,-40.32,-37.63,247947\n"
    )
    words = ["import-csv", file, "-i", "CLK0.NYMEX", "--bar-type", "1_DAY", "--json"]
    refused = barledger(*words)
    assert {row["column"] for row in refused.document["error"]["rows"]} == {"low", "close"}
    assert barledger(*words, "--negative-prices").code == 0
    out = barledger("export", "-i", "CLK0.NYMEX", "--format", "csv", "--output", "-").out
    assert "2020-04-20,17.73,17.85,-40.32,-37.63,247947" in out


def test_files_after_a_refused_one_are_named(barledger: Barledger, tmp_path: Path) -> None:
    good = write(tmp_path, "a.csv", "2024-01-02T15:00:00")
    bad = write(tmp_path, "b.csv", "2024-01-03T15:00:00", price=-9_000)
    left = write(tmp_path, "c.csv", "2024-01-04T15:00:00")
    ended = barledger("import-csv", good, bad, left, "-i", "AAPL.NASDAQ", "--json")
    assert ended.code == 4
    assert [one["file"] for one in ended.document["files"]] == [str(good)]
    assert ended.document["file"] == str(bad)
    assert ended.document["not_tried"] == [str(left)]
    assert "Not looked at" in ended.err


def test_days_on_which_nothing_differs_are_summed_up(barledger: Barledger, tmp_path: Path) -> None:
    held = tmp_path / "held.csv"
    held.write_text(csv_text(session_bars("2024-01-02", "2024-01-04", minutes=10)))
    assert barledger("import-csv", held, "-i", "AAPL.NASDAQ").code == 0
    text = csv_text(session_bars("2024-01-02", "2024-01-05", minutes=10)).splitlines(keepends=True)
    text[15] = text[15].rsplit(",", 1)[0] + ",777\n"
    more = tmp_path / "more.csv"
    more.write_text("".join(text))
    shown = barledger("import-csv", more, "-i", "AAPL.NASDAQ", "--dry-run").out
    days = [line.split() for line in shown.splitlines() if line.startswith("  2024-")]
    assert [day[:3] for day in days] == [["2024-01-03", "1", "different"]]
    (others,) = [line.split() for line in shown.splitlines() if "other days" in line]
    assert others == ["other", "days", "20", "the", "same", "10", "new"]
