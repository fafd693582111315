"""How an error is told: what happened, then what to do next."""

from __future__ import annotations

from typing import Any

from domain.errors import BarledgerError, CancelledError, OutputError, RowsRefusedError
from entrypoints.cli.screen import Screen
from entrypoints.cli.wording import safe

_SHOWN_ROWS = 20


def show_failure(error: BarledgerError, *, as_json: bool) -> int:
    """Show `error` and return the exit code that goes with it."""
    screen = Screen(as_json=as_json)
    if as_json and not isinstance(error, OutputError):
        screen.show_json({**error.done, "error": _document(error)})
    prefix = "" if isinstance(error, CancelledError) else "Error: "
    screen.err.print(_shown(f"{prefix}{error.message}"), markup=False)
    if isinstance(error, RowsRefusedError):
        _show_rows(screen, error)
    screen.err.print(_shown(error.recovery), markup=False)
    return error.exit_code


def _shown(text: str) -> str:
    """Return what a terminal may be given of it: names that others chose can be in it."""
    return "\n".join(map(safe, text.split("\n")))


def _document(error: BarledgerError) -> dict[str, Any]:
    document: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "recovery": error.recovery,
    }
    if isinstance(error, RowsRefusedError):
        document["rows"] = [
            {"line": r.line, "column": r.column, "value": r.value, "problem": r.problem}
            for r in error.rows
        ]
    return document


def _show_rows(screen: Screen, error: RowsRefusedError) -> None:
    for row in error.rows[:_SHOWN_ROWS]:
        value = f" {row.value!r}" if row.value else ""
        screen.err.print(f"  line {row.line}: {row.column}{value} {row.problem}", markup=False)
    if len(error.rows) > _SHOWN_ROWS:
        hidden = len(error.rows) - _SHOWN_ROWS
        screen.err.print(f"  and {hidden} more; --json lists them all", markup=False)
