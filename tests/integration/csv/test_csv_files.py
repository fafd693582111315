"""How CSV files differ on disk, and what is said of those that cannot be read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.memory.progress import MemoryProgress, MemoryProgressTask
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import BarFile, FileLayout
from domain.errors import TimeZoneNeededError, UnknownTimeZoneError, UnreadableFileError
from tests.integration.csv.reading import HEADER, ROW, Read, read, read_file, refused

NEW_YORK = FileLayout(time_zone="America/New_York")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bars.csv"


def problems(rows: Read) -> list[tuple[int, str, str, str]]:
    return rows.told


# ---- lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_counts_as_one_line(path: Path, end: str) -> None:
    assert read(path, end.join([HEADER, ROW, ROW, "x" + ROW, ROW])).lines.tolist() == [2, 3, 5]


def test_a_byte_order_mark_is_no_part_of_the_header(path: Path) -> None:
    assert read(path, b"\xef\xbb\xbf" + f"{HEADER}\n{ROW}\n".encode()).lines.tolist() == [2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoted", ["", '"one, two"'])
def test_comments_are_no_rows_and_are_counted(path: Path, end: str, quoted: str) -> None:
    """With a quoted comma somewhere, rows are read one by one."""
    lines = [
        "# by hand",
        "",
        f"{HEADER},note",
        f"{ROW},",
        '  #"',
        f"{ROW},{quoted}",
        "#",
        f"x{ROW},",
    ]
    rows = read(path, end.join(lines))
    assert rows.lines.tolist() == [4, 6]
    assert [p.line for p in rows.problems] == [8]


def test_a_hash_within_a_line_begins_no_comment(path: Path) -> None:
    rows = read(
        path, f'note,{HEADER}\n1 # one,{ROW}\n"# two",{ROW}\n"three\n# four",{ROW}\n#,{ROW}\n'
    )
    assert (rows.lines.tolist(), rows.rows) == ([2, 3, 4], 3)


@pytest.mark.parametrize("blank", ["", "   ", "\t", "\r"])
def test_blank_lines_are_no_rows_and_are_counted(path: Path, blank: str) -> None:
    rows = read(path, f"{blank}\n{HEADER}\n{blank}\n{ROW}\n{blank}\n{blank}\n{ROW}\n{blank}\n")
    assert (rows.lines.tolist(), rows.rows, rows.problems) == ([4, 7], 2, ())


def test_the_last_line_may_lack_its_newline(path: Path) -> None:
    assert len(read(path, f"{HEADER}\n{ROW}").bars) == 1


def test_a_row_with_a_field_over_two_lines_stands_where_it_begins(path: Path) -> None:
    rows = read(path, f'{HEADER},note\n{ROW},"two\nlines"\n{ROW},one\n\nx{ROW},one\n')
    assert rows.lines.tolist() == [2, 4]
    assert [p.line for p in rows.problems] == [6]


def test_a_header_over_two_lines_is_followed_by_the_third(path: Path) -> None:
    assert read(path, f'{HEADER},"a\nnote"\n{ROW},one\n').lines.tolist() == [3]


def test_quoted_cells_are_read_like_others(path: Path) -> None:
    cells = ROW.split(",")
    quoted = ",".join(f'"{cell}"' for cell in cells)
    rows = read(path, f'"timestamp",open,high,low,close,"volume"\n{ROW}\n{quoted}\n')
    assert rows.problems == ()
    assert [column.tolist()[0] for column in rows.bars.columns()] == [
        column.tolist()[1] for column in rows.bars.columns()
    ]


def test_a_quoted_comma_divides_nothing(path: Path) -> None:
    rows = read(path, f'{HEADER},note\n{ROW},"one, two"\n')
    assert (len(rows.bars), rows.problems) == (1, ())


def test_quotes_within_a_cell_are_never_dropped(path: Path) -> None:
    """`"1""2"` is 1"2, which must not become 12."""
    rows = read(path, f'{HEADER}\n2024-01-02T14:30:00Z,"1""2",1,1,1,5\n')
    assert problems(rows) == [(2, "open", '1"2', "is not a number")]


def test_a_quote_inside_a_cell_that_is_not_quoted_is_a_part_of_it(path: Path) -> None:
    rows = read(path, f'{HEADER}\n2024-01-02T14:30:00Z,1"2",1,1,1,5\n')
    assert problems(rows) == [(2, "open", '1"2"', "is not a number")]


def test_text_after_a_closing_quote_is_refused_and_not_joined(path: Path) -> None:
    error = refused(path, f'{HEADER}\n{ROW}\n2024-01-02T14:30:00Z,"1"2,1,1,1,5\n')
    assert "at line 3" in error.message


# ---- columns ---------------------------------------------------------------------------------


def test_columns_come_in_any_order_and_case_with_others_between(path: Path) -> None:
    rows = read(
        path, " Volume ,CLOSE,vwap,low,High,open,Timestamp\n7,4,x,1,5,2,2024-01-02T14:30:00Z\n"
    )
    bars = rows.bars
    found = [getattr(bars, name).tolist() for name in ("open", "high", "low", "close", "volume")]
    assert found == [[2], [5], [1], [4], [7]]


def test_a_missing_column_is_named_with_those_that_were_found(path: Path) -> None:
    error = refused(path, "timestamp,open,high,low,settle\n" + ROW)
    assert "lacks the columns close, volume" in error.message
    assert "timestamp, open, high, low, settle" in error.message
    assert "--columns timestamp,open,high,low,_" in error.recovery


def test_a_file_without_a_header_is_told_by_its_first_line(path: Path) -> None:
    error = refused(path, f"{ROW}\n{ROW}\n")
    assert "has no header; its first line is: 2024-01-02T14:30:00Z, 1, 1" in error.message
    assert f"--columns {HEADER}" in error.recovery


def test_a_column_that_is_there_twice_is_refused(path: Path) -> None:
    assert "the column close more than once" in refused(path, f"{HEADER},Close\n{ROW},1").message


def test_a_column_that_is_ignored_may_be_there_twice(path: Path) -> None:
    assert len(read(path, f"{HEADER},note,note\n{ROW},1,2\n").bars) == 1


@pytest.mark.parametrize(
    ("row", "fields"), [("2024-01-02", "1 field"), ("1,2", "2 fields"), (f"{ROW},9", "7 fields")]
)
@pytest.mark.parametrize("quoted", ["", '"'])
def test_a_row_of_other_length_is_a_problem(path: Path, row: str, fields: str, quoted: str) -> None:
    """With a quote that encloses a comma in another row, rows are read one by one."""
    good = f'{ROW}\n"2024-01-02T14:30:00Z",1,1,1,1,"5,5"' if quoted else f"{ROW}\n{ROW}"
    rows = read(path, f"{HEADER}\n{good}\n{row}\n")
    assert problems(rows)[-1] == (4, "row", row, f"has {fields} where the header has 6")
    assert rows.rows == 3


def test_a_file_of_nothing_but_rows_of_other_length_has_no_bars(path: Path) -> None:
    rows = read(path, f"{HEADER}\n1,2\n3,4\n")
    assert (len(rows.bars), rows.rows, rows.dates_only) == (0, 2, False)
    assert [p.line for p in rows.problems] == [2, 3]


def test_spaces_around_values_do_not_matter(path: Path) -> None:
    rows = read(path, f"{HEADER}\n 2024-01-02T14:30:00Z , 1.5,\t1.5 , 1.5,1.5, 5 \r\n")
    assert (rows.problems, rows.bars.open.tolist()) == ((), [15])


# ---- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "scaled", "precision"),
    [
        ("1e3", 1000, 0),
        ("1E-2", 1, 2),
        ("+1.5", 15, 1),
        (".5", 5, 1),
        ("5.", 5, 0),
        ("-0", 0, 0),
        ("187.15000000", 18715, 2),
        ("0.000000001", 1, 9),
        ("999999999999999999", 10**18 - 1, 0),
    ],
)
def test_every_plain_notation_is_exact(path: Path, text: str, scaled: int, precision: int) -> None:
    bars = read(path, f"{HEADER}\n2024-01-02T14:30:00Z,{text},{text},{text},{text},1\n").bars
    assert (bars.open.tolist(), bars.price_precision) == ([scaled], precision)


def test_a_long_value_beside_one_of_many_decimals_is_a_problem(path: Path) -> None:
    """Each would fit alone, but 100000000000.500000000 has 21 digits."""
    rows = read(
        path,
        f"{HEADER}\n2024-01-02T14:30:00Z,1,0.123456789,1,1,5\n"
        "2024-01-02T14:31:00Z,100000000000.5,1,1,1,5\n",
    )
    assert problems(rows) == [
        (
            3,
            "open",
            "100000000000.5",
            "has more than 18 digits with the 9 decimals that the file needs",
        )
    ]


@pytest.mark.parametrize(
    ("price", "refused_lines"), [("99999999999999999", []), ("100000000000000000", [2])]
)
def test_prices_of_all_columns_share_eighteen_digits(
    path: Path, price: str, refused_lines: list[int]
) -> None:
    """One decimal in another column leaves seventeen digits before the point."""
    rows = read(
        path,
        f"{HEADER}\n2024-01-02T14:30:00Z,{price},1,1,1,5\n2024-01-02T14:31:00Z,1,0.5,1,1,5\n",
    )
    assert [p.line for p in rows.problems] == refused_lines
    assert rows.bars.price_precision == 1


def test_a_refused_row_does_not_make_the_others_more_precise(path: Path) -> None:
    rows = read(path, f"{HEADER}\n{ROW}\nsoon,1.23456,1,1,1,0.5\n")
    assert (rows.bars.price_precision, rows.bars.size_precision) == (0, 0)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is missing"),
        ("  ", "is missing"),
        ("n/a", "is not a number"),
        ("1.0000000001", "needs more than 9 decimals"),
        ("1234567890123456789", "has more than 18 digits"),
        ("1e-48", "needs more than 9 decimals"),
        ("1e99999999999999999999", "has more than 18 digits"),
    ],
)
def test_what_is_wrong_with_a_number_is_said(path: Path, value: str, problem: str) -> None:
    rows = read(path, f"{HEADER}\n{ROW}\n2024-01-02T14:31:00Z,1,{value},1,1,5\n")
    assert problems(rows) == [(3, "high", value.strip(), problem)]


@pytest.mark.parametrize(
    ("stamp", "problem"),
    [
        ("", "is missing"),
        ("2024-02-30T00:00:00Z", "is no date or time that exists"),
        ("2024-01-02T09:30:60Z", "is no date or time that exists"),
        ("2024-01-02T09:30:00+24:00", "is no date or time that exists"),
        ("1799-12-31T23:59:59Z", "lies outside the years 1800 to 2090"),
        ("2091-01-01T00:00:00Z", "lies outside the years 1800 to 2090"),
        ("0001-01-01T00:00:00+05:00", "lies outside the years 1800 to 2090"),
        ("9999-12-31T23:59:59-05:00", "lies outside the years 1800 to 2090"),
        ("2024-01-02", "is a date alone, where the file's are times with a zone"),
        (
            "2024-01-02T09:30:00",
            "is a time without a zone, where the file's are times with a zone",
        ),
    ],
)
def test_what_is_wrong_with_a_stamp_is_said(path: Path, stamp: str, problem: str) -> None:
    rows = read(path, f"{HEADER}\n{ROW}\n{stamp},1,1,1,1,5\n{ROW}\n")
    assert problems(rows) == [(3, "timestamp", stamp, problem)]


@pytest.mark.parametrize(
    ("stamp", "nanoseconds"),
    [
        ("2024-01-02T09:30:00.123456789-0500", 1_704_205_800_123_456_789),
        ("2024-01-02 14:30:00.5Z", 1_704_205_800_500_000_000),
        ("2024-01-02 14:30:00+00:00", 1_704_205_800_000_000_000),
        ("2024-01-02T14:30Z", 1_704_205_800_000_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_stamps_are_exact_to_the_nanosecond(path: Path, stamp: str, nanoseconds: int) -> None:
    assert read(path, f"{HEADER}\n{stamp},1,1,1,1,5\n").bars.ts_open.tolist() == [nanoseconds]


def test_the_hours_of_daylight_saving_say_which_clocks_and_which_way(path: Path) -> None:
    rows = read(
        path,
        f"{HEADER}\n2024-03-10 01:59:59,1,1,1,1,1\n2024-03-10 02:00:00,1,1,1,1,1\n"
        "2024-03-10 03:00:00,1,1,1,1,1\n2024-11-03 00:59:59,1,1,1,1,1\n"
        "2024-11-03 01:59:59,1,1,1,1,1\n2024-11-03 02:00:00,1,1,1,1,1\n",
        NEW_YORK,
    )
    assert [(p.line, p.column, p.value) for p in rows.problems] == [
        (3, "timestamp", "2024-03-10 02:00:00"),
        (6, "timestamp", "2024-11-03 01:59:59"),
    ]
    skipped, repeated = (p.problem for p in rows.problems)
    assert "does not exist: the clocks of America/New_York were put forward over it" in skipped
    assert "names two instants: the clocks of America/New_York were put back over it" in repeated
    assert rows.lines.tolist() == [2, 4, 5, 7]


@pytest.mark.parametrize("stamp", ["2018-11-04 00:30:00", "2018-02-17 23:30:00"])
def test_a_change_of_the_clock_at_midnight_is_found(path: Path, stamp: str) -> None:
    """São Paulo's clocks went from 00:00 to 01:00 in spring, and back to 23:00 in autumn."""
    rows = read(path, f"{HEADER}\n{stamp},1,1,1,1,1\n", FileLayout(time_zone="America/Sao_Paulo"))
    assert [p.value for p in rows.problems] == [stamp]


# ---- currencies ------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["$", "€", "£", "¥"])
def test_a_currency_before_prices_is_left_out_and_noted(path: Path, sign: str) -> None:
    rows = read(
        path,
        f"{HEADER}\n2024-01-02,{sign}1.5,{sign}1.5,1.25,{sign}.5,7\n"
        f"2024-01-03,{sign}2,3,2,{sign}2.5,7\n",
    )
    bars = rows.bars
    assert (rows.problems, rows.notes) == ((), (f"Prices are written with {sign}.",))
    assert (bars.open.tolist(), bars.low.tolist(), bars.price_precision) == (
        [150, 200],
        [125, 200],
        2,
    )
    assert bars.close.tolist() == [50, 250]


@pytest.mark.parametrize("price", ["-$1", "$-1", "$ 1", "1$", "$$1", "€1", "+$1", "$"])
def test_a_currency_elsewhere_or_another_one_is_a_problem(path: Path, price: str) -> None:
    for rows in (1, 600):
        lines = [HEADER, *["2024-01-02,$1,1,1,1,7"] * rows, f"2024-01-03,1,{price},1,1,7"]
        ((line, column, value, problem),) = read(path, "\n".join(lines)).told
        assert (line, column, value) == (rows + 2, "high", price)
        assert problem.startswith(("has the currency sign", "is not a number"))


def test_a_currency_that_the_first_row_lacks_is_a_problem_whatever_the_blocks(path: Path) -> None:
    for size in (30, 2**20):
        reader = CsvBarFileReader(MemoryRowProblemLog, block_size=size)
        content = f"{HEADER}\n2024-01-02,1,1,1,1,7\n2024-01-03,$1,1,1,1,7\n"
        assert [p[:3] for p in read(path, content, reader=reader).told] == [(3, "open", "$1")]
        content = f"{HEADER}\n2024-01-02,$1,1,1,1,7\n2024-01-03,1,1,1,$1,7\n"
        assert read(path, content, reader=reader).problems == ()


def test_a_volume_has_no_currency(path: Path) -> None:
    rows = read(path, f"{HEADER}\n2024-01-02,$1,$1,$1,$1,$7\n")
    assert [(p.column, p.value) for p in rows.problems] == [("volume", "$7")]


def test_thousands_after_a_currency_are_grouped_as_named(path: Path) -> None:
    content = f'{HEADER}\n2024-01-02,"$1,234.50","$1,234.50","$1,234.50","$1,234.50",7\n'
    assert read(path, content, FileLayout(thousands=",")).bars.open.tolist() == [12345]
    (problem, *_) = read(path, content).told
    assert problem[2] == "$1,234.50"
    assert '--thousands ","' in problem[3]


# ---- stamps as they are written --------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "shown"),
    [
        ("1704205800", "1704205800"),
        ("1704205800.250", "1704205800.25"),
        ("-86400", "-86400"),
        ("1704205800000", "1704205800000"),
        ("1704205800123.5", "1704205800123.5"),
        ("1704205800000000", "1704205800000000"),
        ("1704205800123456789", "1704205800123456789"),
        ("01/13/2024", "2024-01-13"),
        ("20240113", "2024-01-13"),
        ("20240113 093000", "2024-01-13 09:30:00"),
        ("13-Jan-2024 9:30 AM", "2024-01-13 09:30:00"),
        ("2024-01-13T09:30:00.123456789", "2024-01-13 09:30:00.123456789"),
        ("2024-01-13 09:30 America/New_York", "2024-01-13T14:30:00Z"),
    ],
)
def test_an_instant_is_shown_as_the_file_writes_its_stamps(
    path: Path, stamp: str, shown: str
) -> None:
    path.write_text(f"{HEADER}\n{stamp},1,1,1,1,5\n")
    reader = CsvBarFileReader(MemoryRowProblemLog)
    with reader.reading(BarFile(path), NEW_YORK, MemoryProgress()) as found:
        assert found.stamp_text(int(found.chunks[0].bars.ts_open[0])) == shown


def test_without_any_stamp_an_instant_is_shown_in_utc(path: Path) -> None:
    path.write_text(f"{HEADER}\nsoon,1,1,1,1,5\n")
    reader = CsvBarFileReader(MemoryRowProblemLog)
    with reader.reading(BarFile(path), NEW_YORK, MemoryProgress()) as found:
        assert found.stamp_text(0) == "1970-01-01T00:00:00Z"


def test_a_long_value_is_shown_in_part(path: Path) -> None:
    (problem,) = read(path, f"{HEADER}\n{ROW}\n2024-01-02T14:31:00Z,{'x' * 999},1,1,1,5").problems
    assert problem.value == "x" * 59 + "…"


# ---- zones -----------------------------------------------------------------------------------


def test_stamps_without_a_zone_are_told_both_commands(tmp_path: Path) -> None:
    path = tmp_path / "my bars.csv"
    with pytest.raises(TimeZoneNeededError) as caught:
        read(path, f"{HEADER}\nsoon,1,1,1,1,1\n2024-01-02 09:30:00,1,1,1,1,1\n")
    assert "'2024-01-02 09:30:00' in line 3" in caught.value.message
    for zone in ("America/New_York", "UTC"):
        assert f"--timezone {zone}" in caught.value.recovery


@pytest.mark.parametrize(
    ("name", "meant"),
    [("america/new_york", "America/New_York"), ("Europe/Lodnon", "Europe/London")],
)
def test_a_misspelt_zone_is_told_what_may_be_meant(path: Path, name: str, meant: str) -> None:
    with pytest.raises(UnknownTimeZoneError) as caught:
        read(path, f"{HEADER}\n{ROW}\n", FileLayout(time_zone=name))
    assert meant in caught.value.recovery
    zoneinfo.ZoneInfo(meant)


# ---- files that cannot be read -----------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "\n", "\n  \n", "\ufeff"])
def test_an_empty_file_is_refused(path: Path, content: str) -> None:
    assert "is empty" in refused(path, content).message


@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n", '\n""\n'])
def test_a_header_with_no_rows_is_refused(path: Path, end: str) -> None:
    assert "no rows" in refused(path, HEADER + end).message


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_another_encoding_is_refused(path: Path, encoding: str) -> None:
    assert "UTF-8" in refused(path, f"{HEADER}\n{ROW}\n".encode(encoding)).message


def test_a_byte_that_is_no_text_is_told_with_its_line(path: Path) -> None:
    error = refused(path, f"{HEADER},note\n{ROW},x\n{ROW},caf\xe9\n".encode("latin-1"))
    assert "line 3 holds the byte 0xe9" in error.message


def test_a_null_byte_is_told_with_its_line(path: Path) -> None:
    assert "null byte in line 2" in refused(path, f"{HEADER}\n{ROW}\0\n").message


def test_a_quote_that_is_not_closed_is_told_with_its_line(path: Path) -> None:
    assert "at line 3" in refused(path, f'{HEADER}\n{ROW}\n"{ROW}\n{ROW}\n').message


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="is a folder"):
        read_file(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UnreadableFileError, match="not a regular file"):
        read_file(pipe)


@pytest.mark.parametrize("name", ["a\0b.csv", "x" * 300, "loop.csv", "file.csv/inside.csv"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "file.csv").write_text("")
    with pytest.raises(UnreadableFileError) as caught:
        read_file(tmp_path / name)
    assert caught.value.recovery


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Root may read everything, so root becomes nobody for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


def test_a_file_that_may_not_be_read_is_refused(ordinary_user: None) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).chmod(0)
        with pytest.raises(UnreadableFileError, match="may not be read") as caught:
            read_file(Path(file.name))
        assert isinstance(caught.value.__cause__, PermissionError)


def test_the_hash_is_the_sha256_of_the_bytes_that_were_read(path: Path) -> None:
    content = b"\xef\xbb\xbf" + f"{HEADER}\n{ROW}\n".encode()
    path.write_bytes(content)
    assert read_file(path).sha256 == hashlib.sha256(content).hexdigest()


# ---- encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16_is_read_where_its_mark_says_so(path: Path, encoding: str) -> None:
    """Excel's "Unicode text" is such a file, divided by tabs."""
    text = f"{HEADER},note\r\n{ROW},é\r\n{ROW},\U0001f4c8\r\nx{ROW},\r\n".replace(",", "\t")
    mark = "" if encoding == "utf-16" else "\ufeff"
    rows = read(path, (mark + text).encode(encoding))
    assert rows.lines.tolist() == [2, 3]
    assert [p.line for p in rows.problems] == [4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("tail", "byte"), [(b"\x00\xdc", "0x00"), (b"\x0a", "0x0a")])
def test_damaged_utf_16_is_told_with_its_line(path: Path, end: str, tail: bytes, byte: str) -> None:
    """Half of a pair, or half of a character."""
    error = refused(path, f"{HEADER}{end}{ROW}{end}".encode("utf-16") + tail)
    assert f"no UTF-16 text, as its first bytes say: line 3 holds the byte {byte}" in error.message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_a_wrong_byte_is_that_of_an_editor(path: Path, end: str) -> None:
    content = end.join([HEADER, ROW, "", ROW, "caf\xe9"]).encode("latin-1")
    for size in (1, 10, 50, 10_000):
        reader = CsvBarFileReader(MemoryRowProblemLog, block_size=size)
        assert "line 5 holds the byte 0xe9" in refused(path, content, reader=reader).message
        null = content.replace(b"\xe9", b"\0")
        assert "null byte in line 5" in refused(path, null, reader=reader).message


# ---- standard input, and files that change -----------------------------------------------------


class Terminal(io.StringIO):
    """Something in place of standard input, whose bytes are `buffer`."""

    def __init__(self, buffer: object) -> None:
        super().__init__()
        self.buffer = buffer


def test_standard_input_is_read_where_there_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    content = f"{HEADER}\n{ROW}\n".encode()
    stream = io.BytesIO(content)
    monkeypatch.setattr(sys, "stdin", Terminal(stream))
    rows = read_file(None)
    assert (rows.lines.tolist(), rows.sha256) == ([2], hashlib.sha256(content).hexdigest())
    assert not stream.closed


def test_a_pipe_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read from a pipe gives what has been written so far, be it in mid-row."""
    reading, writing = os.pipe()
    os.write(writing, f"{HEADER}\n{ROW}\n{ROW[:9]}".encode())
    with os.fdopen(reading, "rb", buffering=0) as stream:

        class Slow(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def read(self, size: int = -1) -> bytes:
                got = stream.read(size)
                if got.endswith(ROW[:9].encode()):
                    os.write(writing, f"{ROW[9:]}\n".encode())
                    os.close(writing)
                return got

        monkeypatch.setattr(sys, "stdin", Terminal(Slow()))
        assert read_file(None).lines.tolist() == [2, 3]


def test_input_that_will_not_wait_is_not_taken_for_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, f"{HEADER}\n{ROW}\n".encode())
    with os.fdopen(reading, "rb", buffering=0) as stream, os.fdopen(writing, "wb"):
        monkeypatch.setattr(sys, "stdin", Terminal(stream))
        with pytest.raises(UnreadableFileError, match="would not wait"):
            read_file(None)


def test_standard_input_that_is_closed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableFileError, match="Standard input is closed"):
        read_file(None)


def test_a_folder_as_standard_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Folder(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise IsADirectoryError(21, "Is a directory")

    monkeypatch.setattr(sys, "stdin", Terminal(Folder()))
    with pytest.raises(UnreadableFileError, match="standard input cannot be read: Is a"):
        read_file(None)


class Meddler(MemoryProgress):
    """Does something to the file as soon as a part of it was read."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self._meddle: Callable[[], object] | None = meddle

    def track(self, description: str, total: int) -> AbstractContextManager[MemoryProgressTask]:
        return self._watching(description, total)

    @contextlib.contextmanager
    def _watching(self, description: str, total: int) -> Iterator[MemoryProgressTask]:
        with super().track(description, total) as task:
            yield task
        self._meddle()


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write(f"{ROW}\n")


def rewrite(path: Path) -> None:
    """Put other values of the same length in its place."""
    path.write_text(path.read_text().replace("1,1,1,1,5", "2,2,2,2,7"))
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [append, rewrite])
def test_a_file_that_is_changed_meanwhile_is_refused(
    path: Path, change: Callable[[Path], None]
) -> None:
    path.write_text(f"{HEADER}\n{ROW}\n")
    reader = CsvBarFileReader(MemoryRowProblemLog)
    progress = Meddler(lambda: change(path))
    with (
        pytest.raises(UnreadableFileError, match="changed while it was read"),
        reader.reading(BarFile(path), FileLayout(), progress),
    ):
        pytest.fail("it was taken")


def test_a_file_that_is_replaced_meanwhile_is_read_as_it_was(path: Path) -> None:
    path.write_text(f"{HEADER}\n{ROW}\n")
    other = path.with_name("other.csv")
    other.write_text("nothing")
    reader = CsvBarFileReader(MemoryRowProblemLog)
    with reader.reading(BarFile(path), FileLayout(), Meddler(lambda: other.replace(path))) as rows:
        assert rows.rows == 1


def test_a_pipe_is_told_how_to_be_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UnreadableFileError) as caught:
        read_file(pipe)
    assert "barledger import-csv -" in caught.value.recovery
    with pytest.raises(UnreadableFileError, match="not a regular file"):
        read_file(Path("/dev/null"))


def test_the_log_of_a_file_that_is_refused_is_closed(path: Path) -> None:
    logs: list[MemoryRowProblemLog] = []

    def new_log() -> MemoryRowProblemLog:
        logs.append(MemoryRowProblemLog())
        return logs[-1]

    refused(path, f'{HEADER}\nx{ROW}\n"', reader=CsvBarFileReader(new_log))
    (log,) = logs
    with pytest.raises(ValueError, match="closed"):
        len(log)
