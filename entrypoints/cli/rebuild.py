"""`barledger verify --rebuild-ledger`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from domain.errors import ConfirmationNeededError
from entrypoints.cli.options import Invocation
from entrypoints.cli.verify import DAMAGE_FOUND, show_file, show_unknown
from entrypoints.cli.wording import counted, safe

if TYPE_CHECKING:
    from application.rebuild_ledger import Rebuilt
    from application.rebuild_partition import BrokenFile
    from entrypoints.cli.screen import Screen


def rebuild(invocation: Invocation, *, yes: bool) -> int:
    """Make the ledger anew and show what it holds; return the exit code."""
    container, screen = invocation.wire(), invocation.screen
    use_case = container.rebuild_ledger()
    if not yes:
        _confirm(screen, use_case.present_events())
    rebuilt = use_case.run()
    _warn(screen, rebuilt)
    if screen.as_json:
        screen.show_json({**_document(rebuilt), "warnings": screen.warnings})
    else:
        _show(screen, rebuilt)
    return DAMAGE_FOUND if rebuilt.broken else 0


def _confirm(screen: Screen, events: int) -> None:
    """Ask before a history that is sound goes out of use."""
    if not events:
        return
    told = (
        f"The ledger is sound and holds {counted(events, 'event')}. A new one from the files "
        "knows the bars, and neither who wrote them and when nor how instruments are defined."
    )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfirmationNeededError(
            told, "Set it aside all the same: barledger verify --rebuild-ledger --yes"
        )
    screen.err.print(told, markup=False)
    if not click.confirm("Set it aside and make a new one?", err=True):
        raise ConfirmationNeededError("Nothing was changed.", "The ledger stays as it is.")


def _warn(screen: Screen, rebuilt: Rebuilt) -> None:
    if rebuilt.undefined:
        names = ", ".join(map(str, rebuilt.undefined))
        screen.warn(
            "Definitions of instruments are in no file. These need one before a backtest: "
            f"{names} (barledger instrument set)."
        )
    if rebuilt.assumed:
        names = ", ".join(map(str, rebuilt.assumed))
        screen.warn(
            f"What is usual at their venue is assumed of {names}: if you had defined them "
            "otherwise, or named calendars of venues, do it again (barledger instrument set, "
            "barledger venue set)."
        )
    for one in rebuilt.undecided:
        screen.warn(f"{safe(one)} was taken as the current one.")


def _show(screen: Screen, rebuilt: Rebuilt) -> None:
    history = f", and {counted(rebuilt.revisions, 'superseded revision')}"
    screen.show_text(
        f"The ledger was made anew from the files: {counted(rebuilt.partitions, 'partition')}, "
        f"{rebuilt.bars:,} bars{history if rebuilt.revisions else ''}."
    )
    if rebuilt.set_aside:
        screen.show_text(f"The old one is at {rebuilt.set_aside}.")
    for one in rebuilt.broken:
        show_file(screen, one.file.path, one.problem, _action(one))
    show_unknown(screen, tuple(rebuilt.unknown))
    if any(not one.superseded for one in rebuilt.broken):
        screen.show_text("To see what is missing: barledger check")


def _action(broken: BrokenFile) -> str:
    if broken.misnamed:
        return "set aside; barledger verify --repair --yes takes it in if nothing else is there"
    if broken.superseded:
        return "in quarantine now; what is held today is not touched"
    return "in quarantine now; its bars are missing until you import or fetch them again"


def _document(rebuilt: Rebuilt) -> dict[str, Any]:
    return {
        "partitions": rebuilt.partitions,
        "bars": rebuilt.bars,
        "damaged": [
            {
                "path": one.file.path,
                "problem": one.problem,
                "action": _action(one),
                "superseded": one.superseded,
            }
            for one in rebuilt.broken
        ],
        "revisions": rebuilt.revisions,
        "unknown": [
            {"path": one.path, "problem": one.problem, "action": one.action}
            for one in rebuilt.unknown
        ],
        "ledger": {"events": rebuilt.head, "set_aside": rebuilt.set_aside},
        "undefined_instruments": [str(one) for one in rebuilt.undefined],
    }
