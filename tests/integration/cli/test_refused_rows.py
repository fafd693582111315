"""Rows that are refused: the first are shown, all can be had, and none of them does any harm."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from adapters.memory.row_problem_log import MemoryRowProblemLog
from adapters.sqlite.row_problem_log import MOST_IN_MEMORY
from domain.errors import ReportError, RowsRefusedError
from domain.rules import RowProblem
from entrypoints.cli.failure import show_failure
from entrypoints.cli.refused_rows import check_problems_file, keep_problems, write_problems
from entrypoints.cli.screen import Screen
from tests.builders import csv_text, minute_bars
from tests.cli import ROOT, Cli
from tests.integration.cli.conftest import Barledger

MESSAGE = "bars.csv: 23 of 1,000 rows are refused; nothing of the file was written."
RECOVERY = "Correct these rows in the file, then import it again."
WRONG = "is not the greatest of the four prices"
HEADER = "line,column,value,problem\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _problem(line: int, value: str = "1.25", column: str = "high") -> RowProblem:
    return RowProblem(line, column, value, WRONG)


def _refused(problems: Iterable[RowProblem]) -> RowsRefusedError:
    log = MemoryRowProblemLog()
    log.add(problems)
    return RowsRefusedError(MESSAGE, RECOVERY, log)


@pytest.fixture
def piped(capsys: pytest.CaptureFixture[str]) -> Callable[[RowsRefusedError], list[str]]:
    """Return the lines that a pipe gets from stderr."""

    def show(refused: RowsRefusedError) -> list[str]:
        assert show_failure(refused, as_json=False) == 4
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return show


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[RowsRefusedError, int], str]:
    """Return what a terminal of some width gets, without its colours."""

    def show(refused: RowsRefusedError, width: int) -> str:
        terminal = _Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        assert show_failure(refused, as_json=False) == 4
        return re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())

    return show


Piped = Callable[[RowsRefusedError], list[str]]
OnTerminal = Callable[[RowsRefusedError, int], str]


def test_a_pipe_gets_a_line_for_each_of_the_first_twenty_problems(piped: Piped) -> None:
    lines = piped(_refused(map(_problem, range(2, 25))))
    assert lines[0] == f"Error: {MESSAGE}"
    assert lines[1:21] == [f"  line {n}: high '1.25' {WRONG}" for n in range(2, 22)]
    assert lines[21].startswith("and 3 more; --json lists them all, --errors FILE.csv")
    assert lines[22:] == [RECOVERY]


def test_few_problems_are_all_shown_and_nothing_is_said_of_more(piped: Piped) -> None:
    lines = piped(_refused([_problem(7, value="")]))
    assert lines == [f"Error: {MESSAGE}", f"  line 7: high {WRONG}", RECOVERY]


def test_a_plain_sequence_of_rows_can_be_told_too(piped: Piped) -> None:
    lines = piped(RowsRefusedError(MESSAGE, RECOVERY, (_problem(3), _problem(4))))
    assert [line[:9] for line in lines[1:3]] == ["  line 3:", "  line 4:"]


def test_a_terminal_gets_a_table(on_terminal: OnTerminal) -> None:
    lines = on_terminal(_refused(map(_problem, range(990, 1013))), 80).splitlines()
    heading = next(n for n, line in enumerate(lines) if line.split() == HEADINGS)
    assert lines[heading + 2].rstrip().split(maxsplit=3) == ["990", "high", "1.25", WRONG]
    assert lines[heading + 21].split(maxsplit=3)[0] == "1,009"
    assert "and 3 more" in "\n".join(lines)


HEADINGS = ["Line", "Column", "Value", "Problem"]


@pytest.mark.parametrize("width", [20, 40, 50, 70, 80])
def test_nothing_is_cut_in_a_narrow_terminal(on_terminal: OnTerminal, width: int) -> None:
    shown = on_terminal(_refused([_problem(990)]), width)
    for text in ("990", "high", "1.25", WRONG, RECOVERY):
        assert text in shown
    assert ("Column" in shown) == (width >= 70)


@pytest.mark.parametrize(
    "value",
    [
        "\x1b[2J\x1b[31mred",
        "a\rb",
        "a\nb",
        "\x07",
        "\x9b31m",
        "abc\u202etxt.exe",
        "\u2066x\u2069",
        "\u200bnothing",
        "\udcff",
        "\0",
    ],
)
def test_what_a_value_holds_never_reaches_the_terminal(
    piped: Piped, on_terminal: OnTerminal, value: str
) -> None:
    problem = RowProblem(4, f"x{value}", value, f"is wrong {value}")
    refused = _refused([problem])
    lines = piped(refused)
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    for width in (60, 200):
        shown = on_terminal(refused, width).replace("\n", "")
        assert shown.isprintable()


def test_markup_in_a_value_is_text(piped: Piped, on_terminal: OnTerminal) -> None:
    refused = _refused([_problem(4, "[red]x[/red]"), _problem(5, "[/nothing]")])
    for shown in ("\n".join(piped(refused)), on_terminal(refused, 100)):
        assert "[red]x[/red]" in shown
        assert "[/nothing]" in shown


def test_a_long_value_is_clipped_on_the_screen_and_whole_in_json(
    piped: Piped, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = _refused([_problem(4, "9" * 500)])
    assert len(piped(refused)[1]) < 120
    show_failure(refused, as_json=True)
    (row,) = json.loads(capsys.readouterr().out)["error"]["rows"]
    assert row == {"line": 4, "column": "high", "value": "9" * 500, "problem": WRONG}


def test_spaces_around_a_value_are_seen(on_terminal: OnTerminal) -> None:
    assert "' 1.25 '" in on_terminal(_refused([_problem(4, " 1.25 ")]), 100)


def test_json_has_all_rows_and_what_was_done_before(capsys: pytest.CaptureFixture[str]) -> None:
    refused = _refused(map(_problem, range(2, 502)))
    refused.done = {"files": [{"file": "good.csv"}]}
    assert show_failure(refused, as_json=True) == 4
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == [{"file": "good.csv"}]
    assert {name: document["error"][name] for name in ("code", "message", "recovery")} == {
        "code": "rows-refused",
        "message": MESSAGE,
        "recovery": RECOVERY,
    }
    assert [row["line"] for row in document["error"]["rows"]] == list(range(2, 502))


def test_json_of_no_rows_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(_refused([]), as_json=True)
    assert json.loads(capsys.readouterr().out)["error"]["rows"] == []


def test_output_that_takes_no_document_does_not_hide_the_refusal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert show_failure(_refused([_problem(4)]), as_json=True) == 4
        told = capfd.readouterr().err
    assert f"Error: {MESSAGE}" in told
    assert "standard output" in told


_TELLS = """
import contextlib, resource, sys
from pathlib import Path
from adapters.sqlite.row_problem_log import SqliteRowProblemLog
from domain.errors import RowsRefusedError
from domain.rules import RowProblem
from entrypoints.cli.failure import show_failure
from entrypoints.cli.refused_rows import write_problems

def tell(rows):
    with contextlib.closing(SqliteRowProblemLog()) as log:
        log.add(RowProblem(line, "high", f"{line}", "is not the greatest") for line in range(rows))
        write_problems(Path(sys.argv[1]), log)
        show_failure(RowsRefusedError("Refused.", "Correct them.", log), as_json=True)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = tell(50_000)
print(tell(250_000) - before, file=sys.stderr)
"""


def test_telling_of_many_takes_no_more_memory_than_of_some(tmp_path: Path) -> None:
    told = tmp_path / "problems.csv"
    ended = subprocess.run(
        [sys.executable, "-c", _TELLS, str(told)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    # The JSON of the many is some 40 MB long.
    assert int(ended.stderr.split()[-1]) < 8_000
    assert ended.stdout.count(b'"line": ') == 300_000
    with told.open() as lines:
        assert sum(1 for _ in lines) == 250_001


def _rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_all_problems_are_written_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    values = ["1.25", 'a "quoted", one', "two\nlines", "a\rb", "é", "", " x "]
    write_problems(path, [_problem(n, value) for n, value in enumerate(values, 2)])
    assert path.read_bytes().startswith(HEADER.encode())
    header, *rows = _rows_of(path)
    assert header == ["line", "column", "value", "problem"]
    assert rows == [[str(n), "high", value, WRONG] for n, value in enumerate(values, 2)]
    assert [one.name for one in tmp_path.iterdir()] == ["problems.csv"]


@pytest.mark.parametrize("value", ["-1", "+1.5", "-.5", "-1,234.50", "-1e5", " -1", "12", "", "'x"])
def test_a_number_stays_a_number_in_the_file(tmp_path: Path, value: str) -> None:
    path = tmp_path / "problems.csv"
    write_problems(path, [_problem(2, value)])
    assert _rows_of(path)[1][2] == value


@pytest.mark.parametrize(
    "value",
    [
        "=1+2",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "+1+2",
        "-1+2",
        "-1-",
        "\t=1",
        "\r=1",
        "\tx",
        " =1",
        "＝1",  # noqa: RUF001 - the wide ones work too
        "-",
        "'=1",
    ],
)
def test_a_formula_becomes_text_from_which_it_can_be_read_back(tmp_path: Path, value: str) -> None:
    path = tmp_path / "problems.csv"
    write_problems(path, [RowProblem(2, value, value, value)])
    assert _rows_of(path)[1] == ["2", *[f"'{value}"] * 3]


def test_a_value_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    write_problems(path, [_problem(2, "\udcff"), _problem(3, "\0")])
    assert [row[2] for row in _rows_of(path)[1:]] == ["\\udcff", "\0"]


def test_an_earlier_list_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    for earlier in (HEADER, HEADER.replace("\n", "\r\n"), ""):
        path.write_text(f"{earlier}9,a,b,c\n" if earlier else "", newline="")
        path.chmod(0o640)
        check_problems_file(path, [], tmp_path / "catalog")
        write_problems(path, [_problem(2)])
        assert [row[0] for row in _rows_of(path)] == ["line", "2"]
        assert path.stat().st_mode & 0o777 == 0o640


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _bars(folder: Path) -> Path:
    path = folder / "bars.csv"
    path.write_text("timestamp,open,high,low,close,volume\n")
    return path


def _imported_list(folder: Path) -> Path:
    (folder / "listed.csv").write_text(HEADER)
    link = folder / "link.csv"
    link.symlink_to("listed.csv")
    return link


def _longer_header(folder: Path) -> Path:
    path = folder / "mine.csv"
    path.write_text("line,column,value,problem,remark\n1,2,3,4,5\n")
    return path


def _in_catalog(folder: Path) -> Path:
    (folder / "catalog").mkdir()
    return folder / "catalog" / "problems.csv"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (_bars, "no problem list"),
        (_longer_header, "no problem list"),
        (_imported_list, "the file that is to be read"),
        (_in_catalog, "lies in the Parquet catalog"),
        (lambda folder: folder, "directory"),
        (lambda folder: folder / "nowhere" / "x.csv", "no directory"),
        (lambda _: Path("/dev/stdout"), "file of its own"),
        (lambda _: Path("-"), "file of its own"),
        (lambda folder: folder / ("x" * 300), "name too long"),
    ],
    ids=[
        "bars",
        "longer header",
        "imported",
        "catalog",
        "folder",
        "nowhere",
        "device",
        "-",
        "long",
    ],
)
def test_another_file_is_never_written_over(
    tmp_path: Path, place: Callable[[Path], Path], why: str
) -> None:
    path = place(tmp_path)
    before = _files(tmp_path)
    with pytest.raises(ReportError) as refused:
        check_problems_file(path, [tmp_path / "listed.csv"], tmp_path / "catalog")
    assert why in refused.value.message.lower().replace("parquet", "Parquet")
    assert "--errors FILE.csv" in refused.value.recovery
    assert _files(tmp_path) == before


def test_the_refusal_says_where_all_problems_are(tmp_path: Path, piped: Piped) -> None:
    path = tmp_path / "problems.csv"
    refused = _refused(map(_problem, range(2, 25)))
    keep_problems(path, refused, Screen())
    lines = piped(refused)
    assert f"and 3 more; all are listed in {path}" in lines
    assert len(_rows_of(path)) == 24


def test_a_file_that_cannot_be_written_does_not_hide_the_refusal(
    tmp_path: Path, piped: Piped
) -> None:
    screen = Screen()
    refused = _refused(map(_problem, range(2, 25)))
    keep_problems(tmp_path / "nowhere" / "problems.csv", refused, screen)
    (warning,) = screen.warnings
    assert "problems.csv cannot be written" in warning
    lines = piped(refused)
    assert f"Warning: {warning}" in lines
    assert f"Error: {MESSAGE}" in lines
    assert any(line.startswith("and 3 more; --json lists them all") for line in lines)


def _wrong_bars(folder: Path, rows: int, name: str = "bars.csv") -> Path:
    """Write a file whose rows are all refused: no volume is a number."""
    path = folder / name
    first = dt.datetime(2024, 1, 2, 14, 30)
    stamps = (first + dt.timedelta(minutes=n) for n in range(rows))
    lines = (f"{stamp.isoformat()}Z,1,2,1,2,=none\n" for stamp in stamps)
    path.write_text("timestamp,open,high,low,close,volume\n" + "".join(lines))
    return path


def test_an_import_refuses_tells_and_lists(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    file = _wrong_bars(tmp_path, 23)
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--errors", "problems.csv")
    assert ended.code == 4
    assert ended.out == ""
    assert "23 of 23 rows are refused; nothing of the file was written." in ended.err
    assert ended.err.count("\n  line ") == 20
    assert "\nand 3 more; all are listed in problems.csv\n" in ended.err
    _, *rows = _rows_of(tmp_path / "problems.csv")
    assert [row[:3] for row in rows] == [[str(n), "volume", "'=none"] for n in range(2, 25)]
    assert not list(catalog.rglob("*.parquet"))


def test_problems_that_are_kept_on_the_disk_are_there_when_they_are_told(
    barledger: Barledger, tmp_path: Path
) -> None:
    many = MOST_IN_MEMORY + 5_000
    file = _wrong_bars(tmp_path, many)
    words = ("import-csv", file, "-i", "AAPL.NASDAQ", "--json", "--errors", "problems.csv")
    rows = barledger(*words).document["error"]["rows"]
    assert [row["line"] for row in rows] == list(range(2, many + 2))
    assert len(_rows_of(tmp_path / "problems.csv")) == many + 1


def test_the_file_for_problems_is_refused_before_anything_is_imported(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    good = tmp_path / "good.csv"
    good.write_text(csv_text(minute_bars()))
    before = good.read_bytes()
    ended = barledger("import-csv", good, "-i", "AAPL.NASDAQ", "--errors", good, "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "report"
    assert good.read_bytes() == before
    assert not catalog.exists()


def test_a_file_for_problems_that_fails_later_leaves_the_refusal_standing(
    barledger: Barledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _wrong_bars(tmp_path, 3)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("entrypoints.destination.os.fsync", full)
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--errors", "problems.csv", "--json")
    assert ended.code == 4
    assert len(ended.document["error"]["rows"]) == 3
    assert "problems.csv cannot be written: No space left on device" in ended.err
    assert "3 of 3 rows are refused" in ended.err
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["bars.csv"]
    assert not list(tmp_path.glob(".barledger-*"))


def test_ctrl_c_while_millions_are_told_is_a_cancelled_command(cli: Cli) -> None:
    file = _wrong_bars(cli.folder, 20_000)
    # A parent that ignores Ctrl-C, as a shell's background job does, would hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [sys.executable, "-m", "entrypoints", "import-csv", file, "-i", "AAPL.NASDAQ", "--json"],
        cwd=cli.folder,
        env={**cli.inherited(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        # The document is longer than what a pipe holds, so that it is not at its end now.
        assert process.stdout.read(1) == "{"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    assert process.returncode == 130
    assert told.startswith("Cancelled.")
    assert "Traceback" not in told
