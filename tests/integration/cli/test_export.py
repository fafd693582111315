"""`barledger export`: what comes out is what went in, and it comes out whole."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import InstrumentId, Series
from tests.builders import AAPL, DATA, MINUTE, MSFT, NEW_YORK, minute_bars, session_bars, utc
from tests.cli import ROOT, Cli
from tests.disk_catalog import held, hold
from tests.faults.small_disk import SmallDisk, small_disk
from tests.integration.cli.conftest import Barledger

EXPORT = ("export", "--format", "csv")
VALUES = ("open", "high", "low", "close", "volume")
CRYPTO = Series(InstrumentId.parse("BTC/USDT.OTHER"), BarType.parse("1_MIN"))
SOURCES = {
    "AAPL_1hour_new_york.csv": ("AAPL.NASDAQ", "--timezone", "America/New_York"),
    "AAPL_1min_2014-06-05_2014-06-09_new_york.csv": (
        "AAPL.NASDAQ",
        "--timezone",
        "America/New_York",
    ),
    "IBM_1day_new_york.csv": ("IBM.NYSE",),
    "SPY_1min_2013-10-04_2013-10-11_utc.csv": ("SPY.ARCA",),
}


def same(one: Bars, other: Bars) -> bool:
    return one.same_values(other) and np.array_equal(one.ts_event, other.ts_event)


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = pa.input_stream(pa.BufferReader(content), compression="zstd").read()
    return list(csv.DictReader(content.decode().splitlines(), strict=True))


def numbers(path: Path) -> list[tuple[object, ...]]:
    """Return the instant, or the date, and the exact values of every row."""
    return [
        (stamp(row["timestamp"]), *(Decimal(row[name]) for name in VALUES)) for row in rows(path)
    ]


def stamp(text: str) -> float | dt.date:
    if len(text) == len("2024-01-31"):
        return dt.date.fromisoformat(text)
    found = dt.datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=NEW_YORK)).timestamp()


def leftovers(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if one.name.startswith(".barledger-")]


def lying(folder: Path) -> set[Path]:
    """Return all that lies there but the ledger's own."""
    return {one for one in folder.rglob("*") if not one.name.startswith("ledger.db")}


# What comes out is what went in


FORMS = (
    ("plain.csv",),
    ("packed.csv.gz", "--timezone", "Europe/London"),
    ("packed.csv.zst", "--timezone", "Asia/Kolkata"),
)


# A file for each of 5,849 days takes long to be read, so the hours go round once.
@pytest.mark.parametrize("source", SOURCES)
def test_every_row_of_a_real_file_comes_out_again(
    barledger: Barledger, tmp_path: Path, source: str
) -> None:
    instrument, *zone = SOURCES[source]
    assert barledger("import-csv", DATA / source, "-i", instrument, *zone).code == 0
    before = numbers(DATA / source)
    assert before
    for name, *options in FORMS[1:2] if "1hour" in source else FORMS:
        assert barledger(*EXPORT, "-i", instrument, "--output", name, *options).code == 0
        assert numbers(tmp_path / name) == before
        again = barledger("import-csv", name, "-i", instrument, "--json").document["files"][0]
        assert (again["bars_skipped"], again["bars_written"]) == (len(before), 0)


@pytest.mark.parametrize("source", [name for name in SOURCES if "1hour" not in name])
def test_an_exported_file_makes_the_same_bars_elsewhere(
    barledger: Barledger, tmp_path: Path, source: str
) -> None:
    instrument, *zone = SOURCES[source]
    assert barledger("import-csv", DATA / source, "-i", instrument, *zone).code == 0
    assert barledger(*EXPORT, "-i", instrument, "--output", "out.csv").code == 0
    again = barledger("import-csv", "out.csv", "-i", instrument, "--catalog", "other", "--json")
    assert again.code == 0
    (file,) = again.document["files"]
    series = Series(InstrumentId.parse(instrument), BarType.parse(file["bar_type"]))
    first, second = held(tmp_path / "data" / "catalog", series), held(tmp_path / "other", series)
    assert len(first) == file["rows"] > 0
    assert same(first, second)


@st.composite
def market_bars(draw: st.DrawFn) -> Bars:
    """Return minutes of a market that never closes, in any precision, as no rule forbids."""
    count = draw(st.integers(2, 30))
    minutes = st.lists(st.integers(0, 4_000), min_size=count, max_size=count, unique=True)
    at = utc("2024-03-09T12:00") + np.array([0, 1, *sorted(draw(minutes))]) // 1 * MINUTE
    at = np.unique(at)
    four = st.lists(st.integers(1, 10**18 - 1), min_size=4, max_size=4).map(sorted)
    prices = np.array(draw(st.lists(four, min_size=len(at), max_size=len(at))), np.int64)
    volumes = st.lists(st.integers(0, 10**18 - 1), min_size=len(at), max_size=len(at))
    low, open_, close, high = prices.T
    precisions = st.integers(0, 9)
    columns = (open_, high, low, close, np.array(draw(volumes), np.int64))
    return Bars.of_columns((at, at + MINUTE, *columns), draw(precisions), draw(precisions))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bars=market_bars(), zone=st.sampled_from([None, "UTC", "America/New_York"]))
def test_bars_of_any_precision_go_round(
    barledger: Barledger, tmp_path_factory: pytest.TempPathFactory, bars: Bars, zone: str | None
) -> None:
    folder = tmp_path_factory.mktemp("round")
    hold(folder / "catalog", CRYPTO, bars)
    words = ("-i", str(CRYPTO.instrument_id), "--bar-type", "1_MIN")
    options = ("--timezone", zone) if zone else ()
    out = folder / "out.csv"
    assert (
        barledger(*EXPORT, *words, "--output", out, "--catalog", folder / "catalog", *options).code
        == 0
    )
    ended = barledger("import-csv", out, *words, "--catalog", folder / "other")
    assert ended.code == 0, ended.err
    assert same(held(folder / "other", CRYPTO), bars)


def test_stamps_of_the_close_go_round(barledger: Barledger, tmp_path: Path) -> None:
    bars = session_bars("2024-01-02", "2024-01-05")
    hold(tmp_path / "data" / "catalog", AAPL, bars)
    assert barledger(*EXPORT, "--stamp", "close", "--output", "out.csv").code == 0
    assert rows(tmp_path / "out.csv")[0]["timestamp"] == "2024-01-02T14:31:00Z"
    words = ("out.csv", "-i", "AAPL.NASDAQ", "--stamp", "close", "--catalog", "other")
    assert barledger("import-csv", *words).code == 0
    assert same(held(tmp_path / "other", AAPL), bars)


def test_the_same_bars_give_the_same_gzip_file(barledger: Barledger, tmp_path: Path) -> None:
    hold(tmp_path / "data" / "catalog", AAPL, session_bars("2024-01-02", "2024-01-05"))
    for name in ("a.csv.gz", "b.csv.gz"):
        assert barledger(*EXPORT, "-i", "AAPL", "--output", name).code == 0
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


# What is told


@pytest.fixture
def two(barledger: Barledger, catalog: Path) -> Barledger:
    """Hold two series."""
    hold(catalog, AAPL, session_bars("2024-01-02", "2024-01-05"))
    hold(catalog, MSFT, minute_bars(first_price=40_000))
    return barledger


def test_a_sentence_on_stderr_says_how_much_went_where(two: Barledger) -> None:
    ended = two(*EXPORT, "-i", "AAPL", "--output", "out.csv", "--end", "2024-01-03")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == (
        "AAPL.NASDAQ 1-minute bars: 780 bars, 2024-01-02 to 2024-01-03, written to out.csv\n"
    )
    assert two(*EXPORT, "-i", "AAPL", "--output", "b.csv", "--quiet").err == ""


def test_json_names_every_file(two: Barledger, tmp_path: Path) -> None:
    ended = two(*EXPORT, "--output", "all", "--json")
    assert ended.document == {
        "format": "csv",
        "files": [
            {
                "file": "all/AAPL.NASDAQ-1_MIN.csv",
                "instrument_id": "AAPL.NASDAQ",
                "bar_type": "1_MIN",
                "rows": 1560,
                "start": "2024-01-02",
                "end": "2024-01-05",
            },
            {
                "file": "all/MSFT.NASDAQ-1_MIN.csv",
                "instrument_id": "MSFT.NASDAQ",
                "bar_type": "1_MIN",
                "rows": 5,
                "start": "2024-01-02",
                "end": "2024-01-02",
            },
        ],
        "as_of": None,
        "warnings": [],
    }
    assert len(rows(tmp_path / "all" / "AAPL.NASDAQ-1_MIN.csv")) == 1560


def test_standard_output_holds_the_bars_alone(two: Barledger, tmp_path: Path) -> None:
    ended = two(*EXPORT, "-i", "MSFT", "--output", "-")
    assert ended.out.splitlines()[:2] == [
        "timestamp,open,high,low,close,volume",
        "2024-01-02T14:30:00Z,400.00,400.03,399.97,400.01,100",
    ]
    assert len(ended.out.splitlines()) == 6
    assert ended.err.endswith("5 bars, 2024-01-02, written to standard output\n")
    assert not list(tmp_path.glob("*.csv"))


def test_an_earlier_point_is_said_to_be_one(two: Barledger, tmp_path: Path) -> None:
    two("remove", "-i", "AAPL", "--start", "2024-01-03", "--yes")
    assert two(*EXPORT, "-i", "AAPL", "--output", "now.csv").code == 0
    ended = two(*EXPORT, "-i", "AAPL", "--output", "then.csv", "--as-of", "4", "--json")
    assert ended.document["as_of"]["event"] == 4
    assert "as of event 4" in ended.err
    assert len(rows(tmp_path / "now.csv")) == 390
    assert len(rows(tmp_path / "then.csv")) == 1560


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--output", "x.csv"), "can take one series, and 2 were chosen"),
        (("--output", "-"), "can take one series, and 2 were chosen"),
        (("--output", "-", "-i", "MSFT", "--json"), "cannot hold both"),
        (("--output", "x.txt"), "neither a file of this format nor a folder"),
        (("--output", "x.csv", "-i", "MSFT", "--timezone", "Mars/Base"), "no time zone"),
        (("--output", "x.csv", "-i", "SPY.ARCA"), "holds no bars of SPY.ARCA"),
        (("-i", "MSFT"), "Missing option '--output'"),
        (("--output", "x.csv", "--format", "xml"), "'xml' is not"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    two: Barledger, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    before = lying(tmp_path)
    ended = two(*EXPORT, *words)
    assert ended.code == 2
    assert why in ended.err
    assert lying(tmp_path) == before


# Where it may go


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no/where/out.csv", "there is no directory"),
        ("folder.csv", "it is a directory"),
        ("pipe.csv", "no ordinary file"),
        ("/dev/null", "it is no file"),
        ("/dev/stdout", "it is no file"),
        ("/proc/self/fd/out.csv", "it is no file"),
        ("file/out.csv", "there is no directory"),
        ("data/catalog/out.csv", "it lies in the Parquet catalog"),
        ("data/catalog/new/", "it lies in the Parquet catalog"),
        ("data/catalog", "it lies in the Parquet catalog"),
        ("folder.csv/../data/catalog/AAPL.NASDAQ/out.csv", "it lies in the Parquet catalog"),
        ("link/out.csv", "it lies in the Parquet catalog"),
        ("a\x00.csv", "null"),
    ],
)
def test_a_place_that_cannot_take_it_is_refused(
    two: Barledger, catalog: Path, tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(catalog)
    os.mkfifo(tmp_path / "pipe.csv")
    before = lying(tmp_path)
    ended = two(*EXPORT, "-i", "MSFT", "--output", name, "--yes")
    assert ended.code == 1
    assert why in ended.err
    assert lying(tmp_path) == before


def test_a_folder_that_is_not_there_is_made(two: Barledger, tmp_path: Path) -> None:
    for name in ("new/out.csv", "folder/", "other.folder/"):
        assert two(*EXPORT, "-i", "MSFT", "--output", name).code == 0
    for name in (
        "new/out.csv",
        *(f"{one}/MSFT.NASDAQ-1_MIN.csv" for one in ("folder", "other.folder")),
    ):
        assert len(rows(tmp_path / name)) == 5


def test_what_is_there_stays_unless_it_may_be_replaced(two: Barledger, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    mine = tmp_path / "all" / "MSFT.NASDAQ-1_MIN.csv"
    mine.write_text("mine")
    mine.chmod(0o640)
    ended = two(*EXPORT, "--output", "all")
    assert ended.code == 2
    assert "all/MSFT.NASDAQ-1_MIN.csv is there already" in ended.err
    assert "--yes" in ended.err
    assert [one.name for one in mine.parent.iterdir()] == [mine.name]
    assert mine.read_text() == "mine"
    assert two(*EXPORT, "--output", "all", "--yes").code == 0
    assert len(rows(mine)) == 5
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640
    assert leftovers(mine.parent) == []


def test_a_link_is_followed(two: Barledger, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere" / "out.csv")
    assert two(*EXPORT, "-i", "MSFT", "--output", "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert len(rows(tmp_path / "elsewhere" / "out.csv")) == 5


# Whole, or not at all


def damage(catalog: Path, date: str) -> None:
    file = catalog / "AAPL.NASDAQ" / "1_MIN" / f"{date}.parquet"
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize("output", ["out.csv", "-", "all/"])
def test_damage_is_an_error_and_nothing_comes_out(
    two: Barledger, catalog: Path, tmp_path: Path, output: str
) -> None:
    damage(catalog, "2024-01-04")
    ended = two(*EXPORT, "-i", "AAPL", "--output", output)
    assert (ended.code, ended.out) == (1, "")
    assert "2024-01-04.parquet is damaged" in ended.err
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "all").exists()
    assert leftovers(tmp_path) == []
    ended = two(*EXPORT, "-i", "AAPL", "--output", "rest.csv", "--json")
    assert ended.code == 0
    (warning,) = ended.document["warnings"]
    assert "left out until imported again: 2024-01-04" in warning


def test_a_reader_who_leaves_early_is_no_error(cli: Cli) -> None:
    hold(cli.catalog, AAPL, session_bars("2023-01-02", "2023-12-29"))
    words = [sys.executable, "-m", "entrypoints", *EXPORT, "-i", "AAPL", "--output", "-"]
    environment = {**cli.inherited(), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        words, cwd=cli.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"timestamp,open,high,low,close,volume\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


def test_a_full_disk_behind_standard_output_is_told(cli: Cli) -> None:
    hold(cli.catalog, AAPL, session_bars("2024-01-02", "2024-01-31"))
    words = [sys.executable, "-m", "entrypoints", *EXPORT, "-i", "AAPL", "--output", "-"]
    environment = {**cli.inherited(), "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            words, cwd=cli.folder, env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert run.returncode == 1
    assert b"standard output" in run.stderr
    assert b"Traceback" not in run.stderr


STOPPED = """
import os
import sys

from adapters.csv.writer import CsvBarWriter
from entrypoints import start

signal = int(sys.argv.pop(1))
whole = CsvBarWriter._lines


def stopped(self, *given):
    lines = whole(self, *given)
    os.kill(os.getpid(), signal)
    return lines


CsvBarWriter._lines = stopped
start.run()
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_whoever_is_stopped_while_writing_leaves_what_was_there(
    cli: Cli, stop: signal.Signals
) -> None:
    hold(cli.catalog, AAPL, session_bars("2024-01-02", "2024-01-31"))
    (cli.folder / "out.csv").write_text("mine")
    program = cli.folder / "stopped.py"
    program.write_text(STOPPED)
    run = subprocess.run(
        [sys.executable, program, str(int(stop)), *EXPORT, "--output", "out.csv", "--yes"],
        cwd=cli.folder,
        env={**cli.inherited(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (cli.folder / "out.csv").read_text() == "mine"
    if stop is signal.SIGINT:
        assert run.returncode == 130, run.stderr
        assert run.stderr.lstrip().startswith(b"Cancelled.")
        assert leftovers(cli.folder) == []
        return
    assert run.returncode == -signal.SIGKILL
    (left,) = leftovers(cli.folder)
    # Another run may be writing it; a day later that cannot be.
    cli(*EXPORT, "--output", "out.csv", "--yes").succeeded()
    assert leftovers(cli.folder) == [left]
    os.utime(cli.folder / left, (0, 0))
    cli(*EXPORT, "--output", "out.csv", "--yes").succeeded()
    assert leftovers(cli.folder) == []
    assert len(rows(cli.folder / "out.csv")) == 22 * 390


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path) as small:
        small.mount(64_000)
        yield small


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.csv.zst"])
def test_on_a_full_disk_what_was_there_stays(cli: Cli, disk: SmallDisk, name: str) -> None:
    hold(cli.catalog, AAPL, session_bars("2024-01-02", "2024-01-31"))
    (disk.outside / name).write_text("mine")
    disk.fill()
    words = (*EXPORT, "--output", str(disk.inside / name), "--yes", "--json")
    run = Cli(cli.folder, prefix=disk.prefix)(*words, "--catalog", str(cli.catalog))
    assert run.code == 1
    assert run.document["error"]["code"] == "disk-full"
    assert (disk.outside / name).read_text() == "mine"
    assert leftovers(disk.outside) == []


MEASURED = """
import sys
from pathlib import Path

from entrypoints.cli.main import main

assert main(sys.argv[1:]) == 0
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
"""


def test_memory_does_not_grow_with_the_range(cli: Cli) -> None:
    bars = session_bars("2021-01-04", "2023-12-29")
    hold(cli.catalog, AAPL, bars)
    (cli.folder / "measured.py").write_text(MEASURED)

    def peak(end: str) -> int:
        """Return the most kilobytes that an export held; what started it does not count."""
        run = subprocess.run(
            [sys.executable, "measured.py", *EXPORT, "--output", "out.csv", "--yes", "--end", end],
            cwd=cli.folder,
            env={**cli.inherited(), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        return int(run.stdout)

    month, years = peak("2021-02-05"), peak("2023-12-31")
    assert len(rows(cli.folder / "out.csv")) == len(bars) > 300_000
    # All of it would be 17 MB of columns, and as much again of text.
    assert years - month < 8_000, f"a month {month} kB, three years {years} kB"
