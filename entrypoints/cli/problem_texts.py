"""What is wrong with rows, as a person sees it and as JSON has it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from entrypoints.cli.tables import fitting_table
from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from rich.console import Console

    from domain.errors import RowsRefusedError
    from domain.rules import RowProblem
    from entrypoints.cli.tables import Column

_SHOWN = 20
_LONGEST_VALUE = 30
_LONGEST_PROBLEM = 160
_COLUMNS: tuple[Column, ...] = (
    ("Line", "right"),
    ("Column", "left"),
    ("Value", "left"),
    ("Problem", "left"),
)


def show_problems(console: Console, refused: RowsRefusedError) -> None:
    """Show the first problems, as a table where a terminal has room for it, else one a line."""
    first = list(islice(refused.rows, _SHOWN))
    table = None
    if console.is_terminal:
        table = fitting_table(console, _COLUMNS, list(map(_cells, first)))
    if table:
        console.print(table)
    else:
        for problem in first:
            console.print(f"  {_line(problem)}", markup=False)
    others = _others(refused)
    if others:
        console.print(others, markup=False)


def problem_document(problem: RowProblem) -> dict[str, object]:
    """Return a problem as JSON has it."""
    return {
        "line": problem.line,
        "column": problem.column,
        "value": problem.value,
        "problem": problem.problem,
    }


def _others(refused: RowsRefusedError) -> str:
    """Return where the problems are that are not shown."""
    hidden = max(len(refused.rows) - _SHOWN, 0)
    if refused.listed_in is None:
        how = "--json lists them all, --errors FILE.csv writes them to a file"
        return f"and {hidden:,} more; {how}" if hidden else ""
    where = f"in {safe(str(refused.listed_in))}"
    return f"and {hidden:,} more; all are listed {where}" if hidden else f"All are listed {where}"


def _cells(problem: RowProblem) -> tuple[str, str, str, str]:
    value = problem.value
    # Spaces at an end would not be seen.
    shown = _quoted(value) if value != value.strip() else _short(value, _LONGEST_VALUE)
    what = _short(problem.problem, _LONGEST_PROBLEM)
    return f"{problem.line:,}", _short(problem.column, _LONGEST_VALUE), shown, what


def _line(problem: RowProblem) -> str:
    value = f" {_quoted(problem.value)}" if problem.value else ""
    column = _short(problem.column, _LONGEST_VALUE)
    what = _short(problem.problem, _LONGEST_PROBLEM)
    return f"line {problem.line}: {column}{value} {what}"


def _quoted(value: str) -> str:
    return f"'{_short(value, _LONGEST_VALUE)}'"


def _short(text: str, longest: int) -> str:
    """Return text of a file with nothing that moves a cursor, and no more than fits a line."""
    clipped = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return safe(clipped)
