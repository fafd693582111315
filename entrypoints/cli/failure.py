"""How an error is told: what happened, then what to do next."""

from __future__ import annotations

from typing import Any

from domain.errors import (
    BarledgerError,
    CancelledError,
    ConflictError,
    OutputError,
    RowsRefusedError,
)
from entrypoints.cli.problem_texts import problem_document, show_problems
from entrypoints.cli.screen import Screen, Streamed
from entrypoints.cli.wording import safe


def show_failure(error: BarledgerError, *, as_json: bool) -> int:
    """Show `error` and return the exit code that goes with it."""
    screen = Screen(as_json=as_json)
    unwritten = _print_document(screen, error) if as_json else None
    prefix = "" if isinstance(error, CancelledError) else "Error: "
    screen.err.print(_shown(f"{prefix}{error.message}"), markup=False)
    if isinstance(error, RowsRefusedError):
        show_problems(screen.err, error)
    screen.err.print(_shown(error.recovery), markup=False)
    if unwritten:
        screen.err.print(_shown(unwritten.message), markup=False)
    return error.exit_code


def _shown(text: str) -> str:
    """Return what a terminal may be given of it: names that others chose can be in it."""
    return "\n".join(map(safe, text.split("\n")))


def _print_document(screen: Screen, error: BarledgerError) -> BarledgerError | None:
    """Print the JSON document; return what kept it from standard output, if anything did."""
    if isinstance(error, OutputError):
        return None
    try:
        screen.show_json({**error.done, "error": _document(error)})
    except BarledgerError as unwritten:
        return unwritten
    return None


def _document(error: BarledgerError) -> dict[str, Any]:
    document: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "recovery": error.recovery,
    }
    if isinstance(error, RowsRefusedError):
        document["rows"] = Streamed(error.rows, problem_document)
    if isinstance(error, ConflictError) and error.conflicts:
        document["conflicts"] = list(error.conflicts)
    return document
