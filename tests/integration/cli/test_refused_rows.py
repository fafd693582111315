"""Rows that are refused: the first are shown, all can be had, and none of them does any harm."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.errors import RowsRefusedError
from domain.rules import RowProblem
from entrypoints.cli.failure import show_failure
from tests.cli import ROOT

MESSAGE = "bars.csv: 23 of 1,000 rows are refused; nothing of the file was written."
RECOVERY = "Correct these rows in the file, then import it again."
WRONG = "is not the greatest of the four prices"


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
from adapters.memory.progress import MemoryProgressTask
from adapters.sqlite.row_problem_log import SqliteRowProblemLog
from domain.errors import RowsRefusedError
from domain.rules import RowProblem
from entrypoints.cli.failure import show_failure
from entrypoints.cli.refused_rows import write_problems

def tell(rows):
    with contextlib.closing(SqliteRowProblemLog()) as log:
        log.add(RowProblem(line, "high", f"{line}", "is not the greatest") for line in range(rows))
        write_problems(Path(sys.argv[1]), log, MemoryProgressTask('Writing', rows))
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
