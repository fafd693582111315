"""Files are read in blocks: where one ends must not be seen in what was read."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.csv.buffer import LONGEST_RECORD, TextBuffer
from adapters.csv.head import Named, shape_of
from adapters.csv.header import clipped, columns_of
from adapters.csv.reader import CsvBarFileReader
from adapters.csv.spellings import COLUMNS
from adapters.csv.text_rows import Shape, text_rows
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import BarFile, FileLayout
from domain.errors import BarledgerError, UnreadableFileError
from tests.integration.csv.reading import HEADER, ROW, read, refused

FILE = BarFile(Path("bars.csv"))
REFUSED = "refused"
BLANKS = " \t\n\r\v\f"
Rows = tuple[dict[int, tuple[str, ...]], dict[int, str]]


class OneByOne(io.BytesIO):
    """A stream that gives fewer bytes than were asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 3))


def rows_of(content: bytes, delimiter: str, block_size: int) -> Rows | str:
    """Cells by line, and the problem of each line that has one."""
    buffer = TextBuffer(OneByOne(content), FILE, block_size)
    shape = Shape(columns_of(["note", *COLUMNS]), delimiter)
    try:
        blocks = list(text_rows(buffer, shape))
    except UnreadableFileError:
        return REFUSED
    good: dict[int, tuple[str, ...]] = {}
    problems: dict[int, str] = {}
    for block in blocks:
        cells = [block.columns[column].to_pylist() for column in COLUMNS]
        good |= dict(zip(block.lines.tolist(), zip(*cells, strict=True), strict=True))
        problems |= {problem.line: problem.value for problem in block.problems}
    assert sum(map(len, blocks)) == len(good) + len(problems)
    return good, problems


class Lines:
    """The lines of a text, but for comments between records, with the line of each record."""

    def __init__(self, text: str) -> None:
        self._lines = enumerate(io.StringIO(text, newline=""), 1)
        self.first = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        for number, line in self._lines:
            if self.first or not line.lstrip(" \t\v\f").startswith("#"):
                self.first = self.first or number
                return line
        raise StopIteration


def reference(content: bytes, delimiter: str) -> Rows | str:
    """The same with the csv module alone, which is given the file line by line."""
    good: dict[int, tuple[str, ...]] = {}
    problems: dict[int, str] = {}
    lines = Lines(content.decode())
    try:
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            text = delimiter.join(cells)
            if len(cells) == len(COLUMNS) + 1 and text.strip(BLANKS):
                good[lines.first] = tuple(cell.strip(BLANKS) for cell in cells[1:])
            elif text.strip():
                problems[lines.first] = clipped(text.strip())
            lines.first = 0
    except csv.Error:
        return REFUSED
    return good, problems


PIECES = [
    *('"', '"', '""', ",", ";", "\t", " ", "#", "\n", "\n", "\r\n", "\r", "é", "\u00a0", "\v", "x"),
    *("\n#", '\n"', '",', ',"', '"\n', "\n\n", "\n \t\n", "a,b,c,d,e,f,g", "1,2", ",,,,,,"),
    *('"a",b,"c",d,e,f,"g"\n', "a,b,c,d,e,f,g\r\n", '"a\nb",c,d,e,f,g,h\n', "# no, comment\n"),
    *("n,a;b,c,d,e,f,g\n", "\t\t\t\t\t\t\n", "1\t2\t3\t4\t5\t6\t7\n", "'a',b\\,c,d,e,f,g,h\n"),
]
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@given(texts, st.sampled_from([",", ";", "\t"]), st.integers(1, 40))
@settings(max_examples=500, deadline=None)
@example('a,b,c,d,e,f,"g\r\n', ",", 1)
@example("a,b,c,d,e,f,g\r\n\r\na,b,c,d,e,f,g", ",", 14)
@example('#"\na,b,c,d,e,f,g\n', ",", 5)
@example('"#",b,c,d,e,f,g\n', ",", 5)
@example('"a\n#",b,c,d,e,f,g\n#\n', ",", 3)
@example('# x\n"a\nb",b,c,d,e,f,g\n# x\n# y', ",", 4)
def test_blocks_of_any_size_give_the_rows_of_the_csv_module(
    text: str, delimiter: str, block_size: int
) -> None:
    content = text.encode()
    expected = reference(content, delimiter)
    assert rows_of(content, delimiter, block_size) == expected
    assert rows_of(content, delimiter, 2**20) == expected


def head_of(content: bytes, block_size: int) -> tuple[Shape, tuple[str, ...], int, bytes] | str:
    """How the lines are cut, and what is left with the line at which it begins."""
    buffer = TextBuffer(OneByOne(content), FILE, block_size)
    try:
        shape, notes = shape_of(buffer, Named.of(FileLayout()))
    except BarledgerError as error:
        return error.message
    while not buffer.at_end:
        buffer.fill()
    return shape, notes, buffer.line, buffer.text


HEADS = [
    *("sep=;\n", "sep=,\r", "# x\r\n", '#"\n', "\n", " \r", '""\n', "\ufeff"),
    *(f"{HEADER}\n", f"{HEADER},note\r\n", f'{HEADER},"a\nb"\r', f"{HEADER.replace(',', ';')}\n"),
    *(f'"{HEADER}"\n', "x\n", f"{ROW}\n", '"', f'{HEADER},"a;b\n', "date|time|o|h|l|c|v\n"),
]


@given(st.lists(st.sampled_from(HEADS), max_size=5).map("".join), st.integers(1, 30))
@settings(max_examples=200, deadline=None)
@example("sep=;\r\n# x\r\n" + HEADER.replace(",", ";"), 7)
def test_a_head_in_blocks_of_any_size_is_the_same(text: str, block_size: int) -> None:
    content = text.encode()
    assert head_of(content, block_size) == head_of(content, 2**20)


@given(st.lists(st.integers(0, 299), max_size=6), st.integers(100, 3_000), st.booleans())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_lines_of_bars_and_problems_are_right_in_any_block(
    tmp_path: Path, broken: list[int], block_size: int, compressed: bool
) -> None:
    """Every third of the rows has a newline in a quoted field, and every fifth a comment before."""
    text, line, wrong, good = [f"note,{HEADER}"], 2, [], []
    for number in range(300):
        if number % 5 == 0:
            text.append("# five")
            line += 1
        note = '"a\n""b"""' if number % 3 == 0 else "x"
        (wrong if number in broken else good).append(line)
        text.append(f"{note},{'soon' if number in broken else ROW[:20]}{ROW[20:]}")
        line += 1 + (number % 3 == 0)
    content = "\r\n".join(text).encode()
    rows = read(
        tmp_path / "bars.csv",
        gzip.compress(content, 1) if compressed else content,
        reader=CsvBarFileReader(MemoryRowProblemLog, block_size=block_size),
    )
    assert rows.lines.tolist() == good
    assert [(p.line, p.column, p.value) for p in rows.problems] == [
        (line, "timestamp", "soon") for line in wrong
    ]
    assert rows.rows == 300


# ---- records without an end --------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bars.csv"


def with_note(length: int, *, quoted: bool, end: str) -> str:
    """A row of `length` bytes without its end, in the third line of a file."""
    note = "x" * (length - len(ROW) - 1)
    if quoted:
        note = f'"{note[:-4]}\n "'
    return end.join([f"{HEADER},note", f"{ROW},y", f"{ROW},{note}", f"{ROW},z", ""])


@pytest.mark.parametrize("block_size", [2**16, 2**22])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_row_may_be_as_long_as_a_megabyte(
    path: Path, block_size: int, end: str, quoted: bool
) -> None:
    reader = CsvBarFileReader(MemoryRowProblemLog, block_size=block_size)
    rows = read(path, with_note(LONGEST_RECORD, quoted=quoted, end=end), reader=reader)
    assert rows.lines.tolist() == [2, 3, 4 + quoted]
    longer = with_note(LONGEST_RECORD + 1, quoted=quoted, end=end)
    assert "begins in line 3 within a megabyte" in refused(path, longer, reader=reader).message


@pytest.mark.parametrize("block_size", [2**16, 2**22])
def test_a_quote_that_is_not_closed_takes_no_more_than_a_megabyte(
    path: Path, block_size: int
) -> None:
    class Counting(OneByOne):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            self.taken += size or 0
            return io.BytesIO.read(self, size)

    rows = f"{ROW}\n" * 400_000
    stream = Counting(f'{ROW},x\n{ROW},"x\n{rows}'.encode())
    buffer = TextBuffer(stream, FILE, block_size)
    shape = Shape(columns_of([*COLUMNS, "note"]), ",")
    with pytest.raises(UnreadableFileError, match="begins in line 2 within a megabyte"):
        list(text_rows(buffer, shape))
    assert stream.taken <= LONGEST_RECORD + 2 * block_size


@pytest.mark.parametrize("content", [b"x" * 3_000_000, b'"' * 3_000_000, b" " * 3_000_000])
def test_a_file_without_lines_is_refused_early(path: Path, content: bytes) -> None:
    for block_size in (2**16, 2**22):
        reader = CsvBarFileReader(MemoryRowProblemLog, block_size=block_size)
        assert "line 1" in refused(path, content, reader=reader).message


def test_megabytes_of_comments_are_no_row_without_an_end(path: Path) -> None:
    comments = "# by hand\n" * 200_000
    content = f'{HEADER},note\n{ROW},"a\nb"\n{comments}{ROW},"a\nb"\n{comments}'
    for block_size in (2**16, 2**22):
        reader = CsvBarFileReader(MemoryRowProblemLog, block_size=block_size)
        assert read(path, content, reader=reader).lines.tolist() == [2, 200_004]


def test_a_file_of_carriage_returns_alone_may_be_of_any_length(path: Path) -> None:
    reader = CsvBarFileReader(MemoryRowProblemLog, block_size=2**16)
    rows = read(path, "\r".join([HEADER, *[ROW] * 50_000]), reader=reader)
    assert (len(rows.lines), rows.lines[-1]) == (50_000, 50_001)
    assert rows.chunks > 10


def lines_of(content: str, block_size: int) -> list[int]:
    """The lines of rows that have a note after the columns."""
    buffer = TextBuffer(io.BytesIO(content.encode()), FILE, block_size)
    blocks = text_rows(buffer, Shape(columns_of([*COLUMNS, "note"]), ","))
    return [line for block in blocks for line in block.lines.tolist()]


def test_a_block_may_end_within_the_end_of_the_longest_row() -> None:
    row = f"{ROW},".ljust(LONGEST_RECORD, "x")
    assert lines_of(f"{row}\r\n{ROW},y\r\n", LONGEST_RECORD + 1) == [1, 2]


def test_comments_before_a_row_are_no_part_of_its_length() -> None:
    """The first block ends in the middle of the second row."""
    before = f'{ROW},"a, b"\n' + "# by hand\n" * 150_000
    content = f'{before}{ROW},"a\nb"\n'
    assert lines_of(content, len(content) - 3) == [1, 150_002]


def test_blocks_without_rows_make_no_chunks(path: Path) -> None:
    comments = "# by hand\n" * 100
    reader = CsvBarFileReader(MemoryRowProblemLog, block_size=50)
    rows = read(path, f"{HEADER}\n{comments}{ROW}\n{comments}", reader=reader)
    assert (rows.lines.tolist(), rows.chunks) == ([102], 1)
