"""What every `BarFileReader` does, whatever its files are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

import attrs
import numpy as np
import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.memory.bar_file_reader import MemoryBarFileReader
from adapters.memory.progress import MemoryProgress
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import (
    BarFile,
    BarFileReader,
    ClockChange,
    DateOrder,
    FileLayout,
    NewProblemLog,
    RowChunk,
)
from domain.bars import Bars, Int64Array
from domain.errors import (
    DateOrderNeededError,
    InvalidLayoutError,
    TimeZoneNeededError,
    UnknownTimeZoneError,
    UnreadableFileError,
)
from domain.rules import RowProblem
from domain.sessions import midnight_utc

Row = dict[str, str]
Put = Callable[[str, Sequence[Row], bool], Path]
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
PLAIN = FileLayout()
NEW_YORK = FileLayout(time_zone="America/New_York")


@attrs.frozen
class Read:
    """What was read of a file, its chunks as one."""

    bars: Bars
    lines: Int64Array
    problems: tuple[RowProblem, ...]
    dates_only: bool
    rows: int
    sha256: str
    stamp_text: Callable[[int], str]

    @property
    def texts(self) -> list[str]:
        """The stamps as the file writes them."""
        return [self.stamp_text(stamp) for stamp in self.bars.ts_open.tolist()]


@attrs.frozen
class Files:
    """A reader, a way to give it a file, and what it told of its progress."""

    reader: BarFileReader
    put: Put
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)

    def read(self, rows: Sequence[Row], layout: FileLayout = PLAIN, *, header: bool = True) -> Read:
        return self.read_at(self.put("bars.csv", rows, header), layout)

    def read_at(self, path: Path, layout: FileLayout = PLAIN) -> Read:
        with self.reader.reading(BarFile(path), layout, self.progress) as found:
            lines = [chunk.lines for chunk in found.chunks]
            return Read(
                Bars.concat(chunk.bars for chunk in found.chunks),
                np.concatenate(lines) if lines else np.empty(0, np.int64),
                tuple(found.problems),
                found.dates_only,
                found.rows,
                found.sha256,
                found.stamp_text,
            )


Make = Callable[[Path, NewProblemLog], tuple[BarFileReader, Put]]


def csv_files(folder: Path, new_problem_log: NewProblemLog) -> tuple[BarFileReader, Put]:
    def put(name: str, rows: Sequence[Row], header: bool) -> Path:
        columns = (*COLUMNS, *(["symbol"] if any("symbol" in row for row in rows) else []))
        named = [",".join(row.get(column, "") for column in columns) for row in rows]
        bare = [",".join(row.values()) for row in rows]
        lines = [",".join(columns), *named] if header else bare
        path = folder / name
        path.write_text("\n".join([*lines, ""]))
        return path

    # So small that a few rows make several chunks.
    return CsvBarFileReader(new_problem_log, block_size=150), put


def memory_files(folder: Path, new_problem_log: NewProblemLog) -> tuple[BarFileReader, Put]:
    reader = MemoryBarFileReader(new_problem_log)

    def put(name: str, rows: Sequence[Row], header: bool) -> Path:
        reader.put(folder / name, rows, header=header)
        return folder / name

    return reader, put


@pytest.fixture(params=[csv_files, memory_files], ids=["csv", "memory"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


@pytest.fixture
def files(make: Make, tmp_path: Path) -> Files:
    return Files(*make(tmp_path, MemoryRowProblemLog))


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
    read = files.read([row("2024-03-08"), row("2024-03-11")], NEW_YORK)
    assert read.dates_only
    assert read.bars.ts_open.tolist() == [
        midnight_utc(dt.date(2024, 3, 8)),
        midnight_utc(dt.date(2024, 3, 11)),
    ]


def test_stamps_without_a_zone_are_refused_until_one_is_named(files: Files) -> None:
    with pytest.raises(TimeZoneNeededError):
        files.read([row("2024-01-02 09:30:00")])


def test_a_named_zone_follows_daylight_saving(files: Files) -> None:
    read = files.read([row("2024-03-08 09:30:00"), row("2024-03-11 09:30:00")], NEW_YORK)
    assert read.bars.ts_open.tolist() == [at(2024, 3, 8, 14, 30), at(2024, 3, 11, 13, 30)]


def test_a_stamps_own_zone_wins(files: Files) -> None:
    read = files.read([row("2024-01-02T09:30:00-05:00")], FileLayout(time_zone="Asia/Tokyo"))
    assert read.bars.ts_open.tolist() == [at(2024, 1, 2, 9, 30, ahead=-5)]


@pytest.mark.parametrize("name", ["America/Gotham", "", "America", "../UTC", "x" * 300])
def test_an_unknown_zone_is_refused(files: Files, name: str) -> None:
    with pytest.raises(UnknownTimeZoneError):
        files.read([row("2024-01-02 09:30:00")], FileLayout(time_zone=name))


@pytest.mark.parametrize("stamp", ["2024-03-10 02:30:00", "2024-11-03 01:30:00"])
def test_a_time_that_daylight_saving_skips_or_repeats_is_a_problem(
    files: Files, stamp: str
) -> None:
    read = files.read([row("2024-03-08 09:30:00"), row(stamp)], NEW_YORK)
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, "timestamp", stamp)
    assert read.lines.tolist() == [2]


@pytest.mark.parametrize(
    "stamps",
    [
        ["2024-01-07", "2024-07-07"],
        ["2024-01-02 10:30:00", "2024-07-02 10:30:00", "1969-12-31 23:59:59"],
        ["2024-01-02 10:30:00.5", "2024-01-02 10:30:00.000001", "2024-01-02 10:30:01"],
        ["2024-01-02T10:30:00Z", "2024-07-02T10:30:00Z"],
    ],
)
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "UTC"])
def test_an_instant_is_written_as_the_file_writes_its_stamps(
    files: Files, zone: str, stamps: list[str]
) -> None:
    assert files.read([row(each) for each in stamps], FileLayout(time_zone=zone)).texts == stamps


def test_an_instant_of_a_stamp_with_an_offset_is_written_in_utc(files: Files) -> None:
    assert files.read([row("2024-01-02T09:30:00-05:00")], NEW_YORK).texts == [
        "2024-01-02T14:30:00Z"
    ]


@pytest.mark.parametrize("date", ["01/13/2024", "13/01/2024"])
def test_a_date_with_the_year_last_is_written_with_the_year_first(files: Files, date: str) -> None:
    assert files.read([row(date)]).texts == ["2024-01-13"]


def test_rows_of_another_symbol_than_the_first_are_problems(files: Files) -> None:
    symbols = ["ESH4", "ESM4", "esh4", "", "ESH4"]
    rows = [{"symbol": each, **row(f"2024-01-0{at}")} for at, each in enumerate(symbols, 2)]
    read = files.read(rows)
    problem = "is another symbol than ESH4 in line 2"
    assert list(read.problems) == [
        RowProblem(3, "symbol", "ESM4", problem),
        RowProblem(5, "symbol", "", problem),
    ]
    assert read.lines.tolist() == [2, 4, 6]


def test_a_symbol_may_be_named_among_the_columns(files: Files) -> None:
    layout = FileLayout(columns=("timestamp", "symbol", "open", "high", "low", "close", "volume"))
    rows = [bare("2024-01-02", each, "1", "1", "1", "1", "5") for each in ("AAPL", "MSFT")]
    (problem,) = files.read(rows, layout, header=False).problems
    assert (problem.line, problem.column, problem.value) == (2, "symbol", "MSFT")


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
    read = files.read([row(usual), row(odd), row(usual)], NEW_YORK)
    (problem,) = read.problems
    assert (problem.line, problem.column, problem.value) == (3, "timestamp", odd)
    assert read.lines.tolist() == [2, 4]


def test_values_that_break_a_rule_of_bars_are_read_all_the_same(files: Files) -> None:
    read = files.read([row("2024-01-02", "-10", "-1")])
    assert (read.problems, read.bars.close.tolist(), read.bars.volume.tolist()) == ((), [-10], [-1])


def test_a_file_that_is_not_there_is_refused(files: Files, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        files.read_at(tmp_path / "nowhere.csv")
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


# ---- chunks, problems, progress ----------------------------------------------------------------


def stamps_of(chunks: Iterable[RowChunk]) -> list[list[int]]:
    return [chunk.bars.ts_open.tolist() for chunk in chunks]


def test_chunks_are_read_again_from_any_side(files: Files) -> None:
    path = files.put("bars.csv", [row(f"2024-01-{day:02d}") for day in range(1, 30)], True)
    with files.reader.reading(BarFile(path), FileLayout(), files.progress) as found:
        once, again = stamps_of(found.chunks), stamps_of(found.chunks)
        backwards = stamps_of(reversed(found.chunks))
        last = found.chunks[-1].bars.ts_open.tolist()
        assert len(found.chunks) == len(once) > 3
    assert once == again == backwards[::-1]
    assert last == once[-1]
    dates = [dt.date(2024, 1, day) for day in range(1, 30)]
    assert list(chain.from_iterable(once)) == [midnight_utc(date) for date in dates]


def test_no_chunk_is_empty(files: Files) -> None:
    rows = [row("2024-01-01"), *(row("2024-01-02", "x") for _ in range(20)), row("2024-01-03")]
    path = files.put("bars.csv", rows, True)
    with files.reader.reading(BarFile(path), FileLayout(), files.progress) as found:
        assert all(len(chunk.bars) == len(chunk.lines) > 0 for chunk in found.chunks)
        assert [line for chunk in found.chunks for line in chunk.lines] == [2, 23]


def test_a_file_of_problems_alone_has_no_chunks(files: Files) -> None:
    read = files.read([row("2024-01-01", "x"), row("2024-01-02", "y")])
    assert (len(read.bars), read.rows, len(read.problems)) == (0, 2, 8)


def test_reading_shows_its_progress_to_the_end(files: Files) -> None:
    files.read([row(f"2024-01-{day:02d}") for day in range(1, 30)])
    (task,) = files.progress.tasks
    assert "bars.csv" in task.description
    assert task.done == task.total > 0


class WatchedLog(MemoryRowProblemLog):
    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


@pytest.fixture
def log() -> WatchedLog:
    return WatchedLog()


@pytest.fixture
def watched(make: Make, tmp_path: Path, log: WatchedLog) -> Files:
    return Files(*make(tmp_path, lambda: log))


def test_problems_are_let_go_when_the_rows_are(watched: Files, log: WatchedLog) -> None:
    path = watched.put("bars.csv", [row("2024-01-01", "x")], True)
    with watched.reader.reading(BarFile(path), FileLayout(), watched.progress) as found:
        assert found.problems is log
        assert not log.closed
    assert log.closed


def test_problems_outlive_an_error_that_may_show_them(watched: Files, log: WatchedLog) -> None:
    path = watched.put("bars.csv", [row("2024-01-01", "x")], True)
    with (
        pytest.raises(KeyError),
        watched.reader.reading(BarFile(path), FileLayout(), watched.progress),
    ):
        raise KeyError
    assert len(log) == 4


# ---- layouts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "stamp", "instant"),
    [
        (ClockChange.EARLIER, "2024-11-03 01:30:00", at(2024, 11, 3, 5, 30)),
        (ClockChange.LATER, "2024-11-03 01:30:00", at(2024, 11, 3, 6, 30)),
        (ClockChange.EARLIER, "2024-03-10 02:30:00", at(2024, 3, 10, 6, 30)),
        (ClockChange.LATER, "2024-03-10 02:30:00", at(2024, 3, 10, 7, 30)),
        (ClockChange.LATER, "2024-03-10 03:30:00", at(2024, 3, 10, 7, 30)),
        (ClockChange.EARLIER, "2024-11-03 02:30:00", at(2024, 11, 3, 7, 30)),
    ],
)
def test_a_repeated_or_skipped_time_is_the_instant_that_was_chosen(
    files: Files, change: ClockChange, stamp: str, instant: int
) -> None:
    read = files.read([row(stamp)], attrs.evolve(NEW_YORK, clock_change=change))
    assert read.problems == ()
    assert read.bars.ts_open.tolist() == [instant]


def test_dates_with_the_year_last_are_refused_while_both_orders_fit(files: Files) -> None:
    with pytest.raises(DateOrderNeededError):
        files.read([row("01/02/2024"), row("01/03/2024")])


@pytest.mark.parametrize(
    ("order", "dates"),
    [
        (DateOrder.MONTH_FIRST, [(2024, 1, 2), (2024, 1, 3)]),
        (DateOrder.DAY_FIRST, [(2024, 2, 1), (2024, 3, 1)]),
    ],
)
def test_a_named_order_of_dates_is_obeyed(
    files: Files, order: DateOrder, dates: list[tuple[int, int, int]]
) -> None:
    read = files.read([row("01/02/2024"), row("01/03/2024")], FileLayout(date_order=order))
    assert read.bars.ts_open.tolist() == [midnight_utc(dt.date(*date)) for date in dates]


def test_a_date_that_does_not_fit_the_named_order_is_a_problem(files: Files) -> None:
    layout = FileLayout(date_order=DateOrder.MONTH_FIRST)
    read = files.read([row("01/02/2024"), row("31/01/2024")], layout)
    assert [(p.line, p.column, p.value) for p in read.problems] == [(3, "timestamp", "31/01/2024")]


def test_a_date_that_fits_one_order_alone_shows_it_for_all(files: Files) -> None:
    read = files.read([row("01/02/2024"), row("31/01/2024")])
    dates = [dt.date(2024, 2, 1), dt.date(2024, 1, 31)]
    assert read.bars.ts_open.tolist() == [midnight_utc(date) for date in dates]


@pytest.mark.parametrize(
    ("decimal", "thousands", "price", "volume"),
    [
        (".", " ", "1 234.5", "1 000 000"),
        (".", "'", "1'234.5", "1'000'000"),
        (".", None, "1234.5", "1000000"),
    ],
)
def test_numbers_are_read_in_the_notation_that_is_named(
    files: Files, decimal: str, thousands: str | None, price: str, volume: str
) -> None:
    layout = FileLayout(decimal=decimal, thousands=thousands)
    read = files.read([row("2024-01-02", price, volume)], layout)
    assert read.problems == ()
    assert (read.bars.close.tolist(), read.bars.volume.tolist()) == ([12345], [1000000])


@pytest.mark.parametrize("price", ["1 23", "1 2345", "1 234 56"])
def test_thousands_that_are_none_are_a_problem(files: Files, price: str) -> None:
    read = files.read([row("2024-01-02", price)], FileLayout(thousands=" "))
    assert {(p.line, p.value) for p in read.problems} == {(2, price)}
    assert len(read.problems) == 4


def bare(*cells: str) -> Row:
    return {str(place): cell for place, cell in enumerate(cells)}


def test_a_file_without_a_header_is_read_by_the_names_of_its_columns(files: Files) -> None:
    layout = FileLayout(columns=("volume", "_", "timestamp", "close", "low", "high", "open"))
    rows = [bare("9", "x", f"2024-01-{day:02d}", "2", "1", "4", "3") for day in (1, 2, 3)]
    read = files.read(rows, layout, header=False)
    bars = read.bars
    assert read.lines.tolist() == [1, 2, 3]
    found = [getattr(bars, column)[0] for column in COLUMNS[1:]]
    assert found == [3, 4, 1, 2, 9]


@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS[:-1],
        (*COLUMNS, "close"),
        (*COLUMNS[:-1], "colour"),
        ("_",) * 6,
        (),
    ],
)
def test_columns_that_are_not_each_named_once_are_refused(
    files: Files, columns: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidLayoutError):
        files.read([row("2024-01-01")], FileLayout(columns=columns))


def test_a_layout_is_refused_before_a_file_is_looked_for(files: Files, tmp_path: Path) -> None:
    with pytest.raises(InvalidLayoutError):
        files.read_at(tmp_path / "nowhere.csv", FileLayout(columns=("x",)))
