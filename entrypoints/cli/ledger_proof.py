"""`barledger ledger verify`, `head` and `replay`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from domain.upkeep import LedgerHead, LedgerKeeper, LedgerReport
    from entrypoints.cli.screen import Screen
    from entrypoints.container import Container

_DAMAGED = 5
_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})")


@click.command("verify", short_help="Prove that no event was changed since it was recorded.")
@click.option(
    "--expect", metavar="SEQ:HASH", help="A head that `ledger head` printed, kept elsewhere."
)
@options.common
def verify(invocation: Invocation, expect: str | None) -> int:
    """Prove that no event was changed, removed or added in secret since it was recorded.

    Every event's hash covers the one before it. Somebody who writes the whole file anew, or cuts
    its end off, is found out only by a head that was kept elsewhere: see --expect. The exit code
    is 5 where anything is wrong.

    JSON: events, head (the last event's number), valid, first_broken (its number or null),
    problems, warnings, hash.
    """
    expected = _expected(expect) if expect else None
    screen = invocation.screen
    with lost_is_damage(), _other_advice():
        keeper = _keeper(invocation.wire(), whatever=True)
        with screen.track("Verifying the ledger", _events(keeper)) as task:
            report = keeper.verify(task, expected=expected)
    if screen.as_json:
        screen.show_json(_document(report))
    else:
        _show_report(screen, report, expected)
    return 0 if report.valid else _DAMAGED


@contextlib.contextmanager
def lost_is_damage() -> Iterator[None]:
    """Tell of a ledger that is missing where it should be as the damage that it is."""
    from domain.errors import LedgerLostError, LedgerMissingError

    try:
        yield
    except LedgerMissingError as error:
        raise LedgerLostError(error.message, error.recovery) from error


@contextlib.contextmanager
def told_from_newer(container: Container, screen: Screen) -> Iterator[None]:
    """Let the keeper say whether a ledger that is not understood is newer, or only damaged."""
    from domain.errors import LedgerError

    try:
        yield
    except LedgerError as error:
        if _NEWER in error.recovery:
            with screen.track("Verifying the ledger", 0) as task:
                container.ledger_keeper().verify(task)
        raise


@contextlib.contextmanager
def _other_advice() -> Iterator[None]:
    """Never advise to run the command that is running."""
    from domain.errors import LedgerError

    try:
        yield
    except LedgerError as error:
        if _ITSELF in error.recovery:
            error.recovery = " ".join(_ADVICE.split())
        raise


def _keeper(container: Container, *, whatever: bool = False) -> LedgerKeeper:
    """Return who looks after the ledger, unless the ledger of what is held is lost.

    With `whatever`, a file that cannot be used as a ledger is left for the keeper to judge.
    """
    from domain.errors import LedgerError

    try:
        exists = container.ledger().exists()
    except LedgerError:
        if not whatever:
            raise
        exists = True
    if not exists:
        container.catalog().availability()
    keeper: LedgerKeeper = container.ledger_keeper()
    return keeper


def _events(keeper: LedgerKeeper) -> int:
    """Return how many events there are to look at, as far as that can be told."""
    from domain.errors import LedgerError

    try:
        return keeper.head().seq
    except LedgerError:
        return 0


def _expected(text: str) -> tuple[int, str]:
    from domain.errors import UsageError

    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"--expect {text!r} is not the number and the hash of an event.",
            "Write what `barledger ledger head` printed: SEQ:HASH.",
        )
    return int(match[1]), match[2].lower()


def _document(report: LedgerReport) -> dict[str, Any]:
    return {
        "events": report.events,
        "head": report.head.seq,
        "valid": report.valid,
        "first_broken": report.first_broken,
        "problems": list(report.problems),
        "warnings": list(report.warnings),
        "hash": report.head.hash,
    }


def _show_report(screen: Screen, report: LedgerReport, expected: tuple[int, str] | None) -> None:
    for warning in report.warnings:
        screen.warn(warning)
    if report.valid:
        kept = f", and event {expected[0]} is the one that was kept" if expected else ""
        told = f"{report.events:,} events: every one is as it was recorded{kept}."
        screen.show_text(told if report.events else "The ledger has no event yet.")
        screen.show_text(f"Head: {_head(report.head)}")
        return
    for problem in report.problems:
        screen.show_text(problem)
    if report.first_broken is not None:
        screen.show_text(
            f"Events 1 to {report.first_broken - 1} are as they were recorded; what stands from "
            f"event {report.first_broken} on cannot be trusted."
            if report.first_broken > 1
            else "No event can be trusted."
        )
    if not all(_MENDED_BY_REPLAY in problem for problem in report.problems):
        screen.show_text(_ADVICE)


_NEWER = "upgrade barledger"
_ITSELF = "barledger ledger verify"
_MENDED_BY_REPLAY = "barledger ledger replay"
_ADVICE = (
    "Keep a copy of the catalog's folder as it is. Then put ledger.db back from a backup that\n"
    "verifies, or make a ledger from the files: barledger verify --rebuild-ledger"
)


def _head(head: LedgerHead) -> str:
    return f"{head.seq}:{head.hash}"


@click.command("head", short_help="Print the last event's number and hash, to keep elsewhere.")
@options.common
def head(invocation: Invocation) -> None:
    """Print the last event's number and hash: keep them elsewhere, and verify against them later.

    \b
    Example:
      barledger ledger head > head.txt
      barledger ledger verify --expect "$(cat head.txt)"

    JSON: seq, hash, recorded_at.
    """
    from domain.sessions import instant_text

    found, screen = _keeper(invocation.wire()).head(), invocation.screen
    time = instant_text(found.recorded_at) if found.seq else None
    if screen.as_json:
        screen.show_json({"seq": found.seq, "hash": found.hash, "recorded_at": time})
        return
    screen.show_text(_head(found))
    told = f"Event {found.seq}, recorded at {time}." if time else "The ledger has no event yet."
    screen.tell(f"{told} The hash stands for all events up to it.")


@click.command("replay", short_help="Make what is derived from the events anew.")
@options.common
def replay(invocation: Invocation) -> None:
    """Make what is derived from the events anew, and say whether it had been wrong.

    What guards the events (triggers, indexes) is put back, too, where something dropped or
    altered it. Nothing is changed unless every event is as it was recorded.

    JSON: events, head, changed, seconds, events_per_second.
    """
    container, screen = invocation.wire(), invocation.screen
    keeper, clock = _keeper(container), container.clock()
    begun = clock.elapsed()
    with screen.track("Replaying the ledger", keeper.head().seq) as task:
        report = keeper.replay(task)
    seconds = clock.elapsed() - begun
    speed = report.events / seconds if seconds else 0.0
    if screen.as_json:
        screen.show_json(
            {
                "events": report.events,
                "head": report.head,
                "changed": report.changed,
                "seconds": seconds,
                "events_per_second": speed,
            }
        )
        return
    screen.show_text(
        f"{report.events:,} events replayed in {seconds:.2f} s: {speed:,.0f} a second."
    )
    screen.show_text(
        "What is derived from them had been wrong, and is right now."
        if report.changed
        else "What is derived from them was right."
    )
