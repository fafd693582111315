"""`barledger verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from domain.errors import UsageError
from entrypoints.cli import options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted, safe

if TYPE_CHECKING:
    from application.verify_findings import Damage, Unknown, Verification
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen

DAMAGE_FOUND = 5
_SHOWN = 20


@click.command("verify")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All that is held, if not named.")
@click.option("--repair", is_flag=True, help="Put right what can be put right without a source.")
@click.option(
    "--rebuild-ledger", is_flag=True, help="Make a ledger from the files alone; set the old aside."
)
@click.option(
    "--yes",
    is_flag=True,
    help="Let --repair take in bars that the ledger does not know, and --rebuild-ledger give up "
    "a sound ledger.",
)
@options.common
def command(
    invocation: Invocation,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    repair: bool,  # noqa: FBT001 - click passes options by their names
    rebuild_ledger: bool,  # noqa: FBT001
    yes: bool,  # noqa: FBT001
) -> int:
    """Read every partition, and what it was before, against its checksums and the ledger.

    A damaged or missing file is recorded and moved to quarantine, and its bars count as missing
    until they are imported or fetched again. The exit code is 5 while anything is damaged.

    --repair looks for the same files elsewhere in the Parquet catalog and puts them back. With
    --yes it also takes in sound files that are newer than what the ledger knows: of a ledger
    that was put back from an older backup, or of an import that was killed. --rebuild-ledger is
    for a ledger that is lost or damaged. Neither deletes anything.

    \b
    Examples:
      barledger verify
      barledger verify -i AAPL.NASDAQ --bar-type 1_MIN --json
      barledger verify --repair
    """
    if rebuild_ledger:
        from entrypoints.cli.rebuild import rebuild

        if repair or instruments or bar_type:
            raise UsageError(
                "--rebuild-ledger is about the whole Parquet catalog, and stands alone.",
                "Run: barledger verify --rebuild-ledger",
            )
        return rebuild(invocation, yes=yes)
    from application.verify import VerifyRequest
    from entrypoints.cli.ledger_proof import lost_is_damage, told_from_newer

    request = VerifyRequest(instruments, bar_type, repair, yes)
    container = invocation.wire()
    with lost_is_damage(), told_from_newer(container, invocation.screen):
        found = container.verify_catalog().run(request)
    screen = invocation.screen
    if screen.as_json:
        screen.show_json({**_document(found), "warnings": screen.warnings})
    else:
        _show(screen, found, repair=repair)
    return DAMAGE_FOUND if found.damaged else 0


def _show(screen: Screen, found: Verification, *, repair: bool) -> None:
    screen.show_text(_verdict(found))
    for repaired in found.repaired[:_SHOWN]:
        screen.show_text(f"  {safe(repaired.path)}: {safe(repaired.action)}")
    _tell_more(screen, len(found.repaired))
    for damage in found.damaged[:_SHOWN]:
        show_file(screen, damage.event.path, damage.problem, damage.action)
    _tell_more(screen, len(found.damaged))
    show_unknown(screen, found.unknown)
    if found.lost:
        lost = counted(found.lost, "superseded revision")
        screen.show_text(f"Recorded as lost before: {lost}.")
    for line in _next_steps(found, repair=repair):
        screen.show_text(line)


def _verdict(found: Verification) -> str:
    current = [one for one in found.damaged if not one.superseded]
    past = len(found.damaged) - len(current)
    sound = f"{counted(found.partitions - len(current), 'partition')}, {found.bars:,} bars"
    history = f", and {counted(found.revisions, 'superseded revision')}" if found.revisions else ""
    fixed = f"{counted(len(found.repaired), 'file')} put right. " if found.repaired else ""
    if not found.damaged and not found.partitions and not found.revisions:
        return f"{fixed}The Parquet catalog holds nothing."
    if not found.damaged:
        return f"{fixed}All is sound: {sound}{history}."
    damage = [counted(len(current), "partition")] if current else []
    damage += [counted(past, "superseded revision")] if past else []
    return f"{fixed}Damage found: {' and '.join(damage)}. Sound: {sound}{history}."


def show_file(screen: Screen, path: str, problem: str, action: str) -> None:
    """Show a file, what is wrong with it, and what was or is to be done."""
    screen.show_text(f"{safe(path)}")
    screen.show_text(f"  {safe(problem)}")
    screen.show_text(f"  {safe(action)}")


def show_unknown(screen: Screen, unknown: tuple[Unknown, ...]) -> None:
    """Show files that the ledger does not know."""
    if unknown:
        screen.show_text(f"{counted(len(unknown), 'file')} that the ledger does not know:")
    for one in unknown[:_SHOWN]:
        screen.show_text(f"  {safe(one.path)}: {safe(one.problem)}; {safe(one.action)}")
    _tell_more(screen, len(unknown))


def _tell_more(screen: Screen, count: int) -> None:
    if count > _SHOWN:
        screen.show_text(f"  and {count - _SHOWN:,} more; --json lists them all")


def _next_steps(found: Verification, *, repair: bool) -> list[str]:
    steps = []
    if any(one.found_at for one in found.damaged) and not repair:
        steps.append("To bring back what lies elsewhere: barledger verify --repair")
    if any(not one.superseded for one in found.damaged):
        steps.append("To see what is missing: barledger check")
    return steps


def _document(found: Verification) -> dict[str, Any]:
    return {
        "partitions": found.partitions,
        "bars": found.bars,
        "damaged": [damage_document(one) for one in found.damaged],
        "revisions": found.revisions,
        "lost_revisions": found.lost,
        "repaired": [{"path": one.path, "action": one.action} for one in found.repaired],
        "unknown": [unknown_document(one) for one in found.unknown],
    }


def damage_document(damage: Damage) -> dict[str, Any]:
    """Return a damaged revision as JSON."""
    event = damage.event
    return {
        "path": event.path,
        "problem": damage.problem,
        "action": damage.action,
        "instrument_id": str(event.series.instrument_id),
        "bar_type": str(event.series.bar_type),
        "partition": event.partition,
        "revision": event.revision,
        "superseded": damage.superseded,
        "known": damage.known,
    }


def unknown_document(unknown: Unknown) -> dict[str, Any]:
    """Return a file that the ledger does not know as JSON."""
    return {"path": unknown.path, "problem": unknown.problem, "action": unknown.action}
