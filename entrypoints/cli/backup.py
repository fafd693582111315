"""`barledger backup`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted

if TYPE_CHECKING:
    from application.back_up import BackUpResult
    from entrypoints.cli.screen import Screen

_DAMAGE_FOUND = 5
_SHOWN = 20


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.common
def command(invocation: Invocation, folder: Path) -> int:
    """Copy the Parquet catalog, history included, to DIR while others may go on writing it.

    DIR must not exist yet, or be empty. Every file is checked on the way. The ledger is put in
    place last, so that a backup that was interrupted can never be taken for a whole one. If
    files are damaged, the backup holds all others, and the exit code is 5.

    \b
    Examples:
      barledger backup /mnt/backup/2024-02-01
      barledger --catalog /mnt/backup/2024-02-01 verify

    \b
    JSON: path, partitions, bars, revisions (old ones), bytes, head (seq and hash), damaged (how
    many were known to be), warnings, missing: path, problem and current of each that is not in
    the backup.
    """
    screen = invocation.screen
    result = invocation.wire().back_up().run(Path.cwd() / folder)
    if screen.as_json:
        screen.show_json(_document(folder, result, screen.warnings))
    else:
        _show(screen, folder, result)
    return _DAMAGE_FOUND if result.missing else 0


def _show(screen: Screen, folder: Path, result: BackUpResult) -> None:
    from domain.sizes import size_text

    bars, partitions = counted(result.bars, "bar"), counted(result.partitions, "partition")
    old = counted(result.superseded, "old revision")
    screen.show_text(f"{folder} holds {bars} in {partitions} and {old}, {size_text(result.size)}.")
    screen.show_text(f"Its ledger ends with event {result.head.seq}: {result.head.hash}")
    if result.damaged:
        known = counted(result.damaged, "partition")
        screen.show_text(f"{known} known as damaged count as missing there, too.")
    if not result.missing:
        named = shlex.quote(str(folder))
        screen.show_text(f"Check it at any time: barledger --catalog {named} verify")
        return
    screen.show_text(f"NOT copied, for they are damaged: {counted(len(result.missing), 'file')}")
    for one in result.missing[:_SHOWN]:
        which = "current" if one.is_current else "old revision"
        screen.show_text(f"  {one.path} ({which}): {one.problem}")
    if len(result.missing) > _SHOWN:
        screen.show_text(f"  and {len(result.missing) - _SHOWN} more; --json lists them all")
    screen.show_text("See what can be done about them: barledger verify")


def _document(folder: Path, result: BackUpResult, warnings: list[str]) -> dict[str, Any]:
    return {
        "path": str(folder),
        "partitions": result.partitions,
        "bars": result.bars,
        "revisions": result.superseded,
        "bytes": result.size,
        "head": {"seq": result.head.seq, "hash": result.head.hash},
        "damaged": result.damaged,
        "missing": [
            {"path": one.path, "problem": one.problem, "current": one.is_current}
            for one in result.missing
        ],
        "warnings": warnings,
    }
