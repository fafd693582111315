"""What every `BarFileReader` does, whatever its files are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.memory.bar_file_reader import MemoryBarFileReader
from domain.errors import TimeZoneNeededError, UnknownTimeZoneError, UnreadableFileError
from domain.ports import BarFileReader, FileLayout, FileRows
from domain.sessions import midnight_utc

Row = dict[str, str]
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")


@attrs.frozen
class Files:
    """A reader, and a way to give it a file."""

    reader: BarFileReader
    put: Callable[[str, Sequence[Row]], Path]

    def read(self, rows: Sequence[Row], time_zone: str | None = None) -> FileRows:
        return self.reader.read(self.put("bars.csv", rows), FileLayout(time_zone))


def csv_files(folder: Path) -> Files:
    def put(name: str, rows: Sequence[Row]) -> Path:
        lines = [",".join(row.get(column, "") for column in COLUMNS) for row in rows]
        path = folder / name
        path.write_text("\n".join([",".join(COLUMNS), *lines, ""]))
        return path

    return Files(CsvBarFileReader(), put)


def memory_files(folder: Path) -> Files:
    reader = MemoryBarFileReader()

    def put(name: str, rows: Sequence[Row]) -> Path:
        reader.put(folder / name, rows)
        return folder / name

    return Files(reader, put)


@pytest.fixture(params=[csv_files, memory_files], ids=["csv", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return request.param(tmp_path)


def row(stamp: str, price: str = "10", volume: str = "5") -> Row:
    return dict(zip(COLUMNS, (stamp, price, price, price, price, volume), strict=True))


def at(*when: int, ahead: int = 0) -> int:
    """UTC nanoseconds of a clock that is `ahead` hours ahead of UTC."""
    zone = dt.timezone(dt.timedelta(hours=ahead))
    return int(dt.datetime(*when, tzinfo=zone).timestamp()) * 1_000_000_000


def test_rows_come_in_the_order_of_the_file(files: Files) -> None:
    read = files.read([row("2024-01-02T14:31:00Z", "11"), row("2024-01-02T14:30:00Z", "12")])
    assert read.bars.ts_open.tolist() == [at(2024, 1, 2, 14, 31), at(2024, 1, 2, 14, 30)]
    assert read.bars.close.tolist() == [11, 12]
    assert (read.rows, read.problems, read.dates_only) == (2, (), False)


def test_open_and_close_of_a_bar_both_hold_the_stamp(files: Files) -> None:
    read = files.read([row("2024-01-02T14:31:00Z")])
    assert read.bars.ts_open.tolist() == read.bars.ts_event.tolist() == [at(2024, 1, 2, 14, 31)]


def test_each_column_is_kept_apart(files: Files) -> None:
    values = ("2024-01-02T14:30:00Z", "10.5", "12.25", "9", "11", "700")
    bars = files.read([dict(zip(COLUMNS, values, strict=True))]).bars
    assert [c.tolist() for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == [
        [1050],
        [1225],
        [900],
        [1100],
        [700],
    ]


def test_the_header_is_line_1(files: Files) -> None:
    read = files.read([row("2024-01-02"), row("2024-01-03"), row("2024-01-04")])
    assert read.lines.tolist() == [2, 3, 4]


def test_precision_is_the_least_that_holds_every_value(files: Files) -> None:
    bars = files.read(
        [row("2024-01-02", "187.15000000", "3.50"), row("2024-01-03", "187.1", "4")]
    ).bars
    assert (bars.price_precision, bars.size_precision) == (2, 1)
    assert (bars.close.tolist(), bars.volume.tolist()) == ([18715, 18710], [35, 40])


def test_values_that_a_float_cannot_hold_are_exact(files: Files) -> None:
    bars = files.read([row("2024-01-02", "123456789.123456789", "999999999999999999")]).bars
    assert bars.close.tolist() == [123456789123456789]
    assert bars.volume.tolist() == [999999999999999999]


def test_dates_alone_are_labelled_with_midnight_utc(files: Files) -> None:
    read = files.read([row("2024-03-08"), row("2024-03-11")], "America/New_York")
    assert read.dates_only
    assert read.bars.ts_open.tolist() == [
        midnight_utc(dt.date(2024, 3, 8)),
        midnight_utc(dt.date(2024, 3, 11)),
    ]


def test_stamps_without_a_zone_are_refused_until_one_is_named(files: Files) -> None:
    with pytest.raises(TimeZoneNeededError):
        files.read([row("2024-01-02 09:30:00")])


def test_a_named_zone_follows_daylight_saving(files: Files) -> None:
    read = files.read([row("2024-03-08 09:30:00"), row("2024-03-11 09:30:00")], "America/New_York")
    assert read.bars.ts_open.tolist() == [at(2024, 3, 8, 14, 30), at(2024, 3, 11, 13, 30)]


def test_a_stamps_own_zone_wins(files: Files) -> None:
    read = files.read([row("2024-01-02T09:30:00-05:00")], "Asia/Tokyo")
    assert read.bars.ts_open.tolist() == [at(2024, 1, 2, 9, 30, ahead=-5)]


@pytest.mark.parametrize("name", ["America/Gotham", "", "America", "../UTC", "x" * 300])
def test_an_unknown_zone_is_refused(files: Files, name: str) -> None:
    with pytest.raises(UnknownTimeZoneError):
        files.read([row("2024-01-02 09:30:00")], name)


@pytest.mark.parametrize("stamp", ["2024-03-10 02:30:00", "2024-11-03 01:30:00"])
def test_a_time_that_daylight_saving_skips_or_repeats_is_a_problem(
    files: Files, stamp: str
) -> None:
    read = files.read([row("2024-03-08 09:30:00"), row(stamp)], "America/New_York")
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, "timestamp", stamp)
    assert read.lines.tolist() == [2]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_value_is_a_problem_of_its_line_and_column(files: Files, column: str) -> None:
    broken = {**row("2024-01-03"), column: ""}
    read = files.read([row("2024-01-02"), broken, row("2024-01-04")])
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, column, "")
    assert problem.problem == "is missing"


@pytest.mark.parametrize("value", ["NaN", "inf", "-Infinity", "ten", "1,5", "0x10", "1.5.2"])
def test_what_is_no_number_is_a_problem(files: Files, value: str) -> None:
    if "," in value and isinstance(files.reader, CsvBarFileReader):
        value = f'"{value}"'
    read = files.read([row("2024-01-02"), {**row("2024-01-03"), "low": value}])
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, "low", value.strip('"'))


@pytest.mark.parametrize("value", ["0.0000000001", "1e18", "1234567890123456789", "1e-10"])
def test_a_value_of_too_many_digits_is_a_problem(files: Files, value: str) -> None:
    read = files.read([row("2024-01-02"), row("2024-01-03", "10", value)])
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, "volume", value)


def test_a_row_with_a_problem_is_not_among_the_bars(files: Files) -> None:
    read = files.read([row("2024-01-02", "1"), row("2024-01-03", "2.345x"), row("2024-01-04", "3")])
    assert read.bars.close.tolist() == [1, 3]
    assert read.lines.tolist() == [2, 4]
    assert read.rows == 3


def test_every_problem_of_a_row_is_told_in_order_of_lines(files: Files) -> None:
    read = files.read([row("2024-01-02", "x", "y"), row("soon"), row("2024-01-03")])
    assert [(problem.line, problem.column) for problem in read.problems] == [
        (2, "close"),
        (2, "high"),
        (2, "low"),
        (2, "open"),
        (2, "volume"),
        (3, "timestamp"),
    ]


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ("2024-01-02 09:30:00", "2024-01-02T09:30:00Z"),
        ("2024-01-02T09:30:00Z", "2024-01-02 09:30:00"),
        ("2024-01-02", "2024-01-02 09:30:00"),
        ("2024-01-02T09:30:00Z", "2024-01-02"),
    ],
)
def test_kinds_of_stamps_are_not_mixed(files: Files, usual: str, odd: str) -> None:
    read = files.read([row(usual), row(odd), row(usual)], "America/New_York")
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, "timestamp", odd)
    assert read.lines.tolist() == [2, 4]


def test_values_that_break_a_rule_of_bars_are_read_all_the_same(files: Files) -> None:
    read = files.read([row("2024-01-02", "-10", "-1")])
    assert (read.problems, read.bars.close.tolist(), read.bars.volume.tolist()) == ((), [-10], [-1])


def test_a_file_that_is_not_there_is_refused(files: Files, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        files.reader.read(tmp_path / "nowhere.csv", FileLayout())
    assert "nowhere.csv" in caught.value.message
    assert caught.value.recovery


def test_a_file_without_rows_is_refused(files: Files) -> None:
    with pytest.raises(UnreadableFileError):
        files.read([])


def test_the_hash_tells_contents_apart(files: Files) -> None:
    one, same, other = (
        files.read([row(date)]).sha256 for date in ("2024-01-02", "2024-01-02", "2024-01-03")
    )
    assert one == same != other
    assert len(bytes.fromhex(one)) == 32
