"""Files of bars that a real market printed, read whole and compared value by value."""

from __future__ import annotations

import csv
import datetime as dt
import zoneinfo
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from domain.bar_files import FileLayout
from tests.integration.csv.reading import Read, read_file

DATA = Path(__file__).parents[2] / "data"
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
COLUMNS = ("open", "high", "low", "close", "volume")


@attrs.frozen
class RealFile:
    """A file, and what it is known to hold; stamps as they stand in UTC."""

    name: str
    time_zone: str | None
    rows: int
    first: str
    last: str
    first_values: tuple[str, ...]
    last_values: tuple[str, ...]
    price_precision: int
    dates_only: bool = False


FILES = [
    RealFile(
        "SPY_1min_2013-10-04_2013-10-11_utc.csv",
        None,
        4_839,
        "2013-10-04T08:06:00+00:00",
        "2013-10-11T23:59:00+00:00",
        ("167.65", "167.65", "167.65", "167.65", "20000"),
        ("170.41", "170.41", "170.41", "170.41", "525"),
        price_precision=2,
    ),
    RealFile(
        "AAPL_1min_2014-06-05_2014-06-09_new_york.csv",
        "America/New_York",
        2_303,
        "2014-06-05T08:15:00+00:00",
        "2014-06-09T23:59:00+00:00",
        ("644.80", "644.80", "644.80", "644.80", "90"),
        ("93.76", "93.78", "93.76", "93.77", "2067"),
        price_precision=2,
    ),
    RealFile(
        "AAPL_1hour_new_york.csv",
        "America/New_York",
        40_831,
        "1998-01-02T14:00:00+00:00",
        "2021-03-31T19:00:00+00:00",
        ("13.63", "13.75", "13.50", "13.63", "540700"),
        ("122.72", "123.1146", "122.00", "122.15", "34293947"),
        price_precision=4,
    ),
    RealFile(
        "IBM_1day_new_york.csv",
        None,
        5_849,
        "1998-01-02T00:00:00+00:00",
        "2021-03-31T00:00:00+00:00",
        ("104.50", "105.75", "104.06", "105.75", "2563200"),
        ("134.54", "134.71", "132.71", "133.26", "4630365"),
        price_precision=4,
        dates_only=True,
    ),
]


@pytest.fixture(params=FILES, ids=[file.name for file in FILES], scope="module")
def file(request: pytest.FixtureRequest) -> RealFile:
    return request.param


@pytest.fixture(scope="module")
def read(file: RealFile) -> Read:
    return read_file(DATA / file.name, FileLayout(time_zone=file.time_zone))


@pytest.fixture(scope="module")
def written(file: RealFile) -> list[dict[str, str]]:
    with (DATA / file.name).open(newline="") as text:
        return list(csv.DictReader(text))


def values(rows: Read, row: int) -> tuple[Decimal, ...]:
    bars = rows.bars
    digits = [bars.price_precision] * 4 + [bars.size_precision]
    return tuple(
        Decimal(int(getattr(bars, column)[row])).scaleb(-precision)
        for column, precision in zip(COLUMNS, digits, strict=True)
    )


def utc(stamp: int) -> str:
    return dt.datetime.fromtimestamp(stamp // 10**9, dt.UTC).isoformat()


def test_all_rows_are_read_and_none_refused(file: RealFile, read: Read) -> None:
    assert (len(read.bars), read.rows, read.problems) == (file.rows, file.rows, ())
    assert read.lines.tolist() == list(range(2, file.rows + 2))
    assert read.dates_only is file.dates_only


def test_the_first_and_last_row_are_as_written(file: RealFile, read: Read) -> None:
    assert (utc(read.bars.ts_open[0]), utc(read.bars.ts_open[-1])) == (file.first, file.last)
    assert values(read, 0) == tuple(map(Decimal, file.first_values))
    assert values(read, -1) == tuple(map(Decimal, file.last_values))


def test_every_value_is_the_decimal_that_is_written(
    read: Read, written: list[dict[str, str]]
) -> None:
    expected = [tuple(Decimal(row[column]) for column in COLUMNS) for row in written]
    assert [values(read, row) for row in range(len(read.bars))] == expected


def test_every_stamp_is_the_instant_that_is_written(
    file: RealFile, read: Read, written: list[dict[str, str]]
) -> None:
    zone = NEW_YORK if file.time_zone else dt.UTC
    stamps = [dt.datetime.fromisoformat(row["timestamp"]) for row in written]
    expected = [int((s if s.tzinfo else s.replace(tzinfo=zone)).timestamp()) for s in stamps]
    assert (read.bars.ts_open // 10**9).tolist() == expected


def test_precision_is_the_least_that_the_file_needs(
    file: RealFile, read: Read, written: list[dict[str, str]]
) -> None:
    texts = [row[column].partition(".")[2].rstrip("0") for row in written for column in COLUMNS[:4]]
    assert max(map(len, texts)) == file.price_precision
    assert (read.bars.price_precision, read.bars.size_precision) == (file.price_precision, 0)
