"""Commands that take something away: what they would take is shown before anyone says yes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from domain.errors import BarledgerError, ConfirmationNeededError

if TYPE_CHECKING:
    from entrypoints.cli.screen import Screen

dry_run = click.option("--dry-run", is_flag=True, help="Show what would happen, and do nothing.")
yes = click.option("--yes", is_flag=True, help="Do it without asking.")


def confirm(screen: Screen, lines: Sequence[str], question: str, nothing_done: str) -> None:
    """Show `lines` and ask, or refuse where nobody is there to be asked.

    Raises:
        ConfirmationNeededError: nobody has said yes.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfirmationNeededError(
            f"{question} Nobody is there to say yes. {nothing_done}\n" + "\n".join(lines),
            "Add --yes to do it without being asked, or --dry-run to look at it first.",
        )
    for line in lines:
        screen.err.print(line, markup=False)
    if not click.confirm(question, err=True):
        raise ConfirmationNeededError(
            f"You did not say yes. {nothing_done}", "Run the command again to be asked again."
        )


def carry_out_each[Planned, Done](
    planned: Sequence[Planned],
    carry_out: Callable[[Planned], Done],
    document: Callable[[Done], dict[str, Any]],
) -> list[Done]:
    """Carry out one after the other; an error says in its `done` which are."""
    done: list[Done] = []
    for one in planned:
        try:
            done.append(carry_out(one))
        except BarledgerError as error:
            if done:
                error.done = {"series": [document(result) for result in done]}
            raise
    return done
