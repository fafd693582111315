"""`barledger gc`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import confirmation, options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted

if TYPE_CHECKING:
    from application.discard_history import DiscardPlan, SeriesDiscard, SetAside
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen

_AGE = re.compile(r"(\d{1,6})\s*d?")
_OLDEST = 36_500


def _parse_age(context: click.Context, parameter: click.Parameter, text: str) -> int:
    del context, parameter
    match = _AGE.fullmatch(text.strip().lower())
    if match is None or int(match[1]) > _OLDEST:
        raise click.BadParameter(f"{text!r} is no age in days, such as 30d (at most {_OLDEST}d).")
    return int(match[1])


@click.command("gc")
@click.option(
    "--older-than",
    "days",
    default="30d",
    show_default=True,
    callback=_parse_age,
    metavar="DAYS",
    help="Keep what was current less than so many days ago; 0d keeps none.",
)
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All, if not named.")
@confirmation.dry_run
@confirmation.yes
@options.common
def command(
    invocation: Invocation,
    days: int,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete old revisions from the history for good, to free space.

    What the Parquet catalog holds now is never touched. What was deleted can no longer be seen
    with --as-of, or restored. Files that were set aside are counted, and left alone.

    \b
    Examples:
      barledger gc --dry-run
      barledger gc --older-than 90d -i AAPL.NASDAQ

    \b
    JSON: dry_run, older_than_days, ended_before, revisions, bytes, warnings; orphans and
    quarantine, each with files and bytes, which stay; and series, each with instrument_id,
    bar_type, revisions, bytes (freed, or to be freed), oldest and newest (when they ended).
    """
    from application.discard_history import HistoryToDiscard

    screen, use_case = invocation.screen, invocation.wire().discard_history()
    plan = use_case.plan(HistoryToDiscard(days, instruments, bar_type))
    done = list(plan.series)
    if done and not dry_run:
        if not yes:
            confirmation.confirm(
                screen, _lines(plan), "Delete these files for good?", "Nothing was deleted."
            )
        done = confirmation.carry_out_each(
            plan.series, lambda one: use_case.carry_out(one, plan), _document
        )
    if screen.as_json:
        document = _whole_document(plan, done, days)
        screen.show_json({"dry_run": dry_run, **document, "warnings": screen.warnings})
    else:
        _show(screen, plan, done, dry_run=dry_run)


def _show(screen: Screen, plan: DiscardPlan, done: list[SeriesDiscard], *, dry_run: bool) -> None:
    from domain.sizes import size_text

    if not done:
        screen.show_text(f"No old revision ended before {_day(plan.ended_before)}.")
    elif dry_run:
        screen.show_text("Would be deleted:")
        for line in _lines(plan):
            screen.show_text(f"  {line}")
    else:
        freed = size_text(sum(one.freed or 0 for one in done))
        number = sum(len(one.revisions) + len(one.left) for one in done)
        screen.show_text(f"Deleted {counted(number, 'file')}: {freed} are free now.")
    for name, where in (("set aside", plan.orphans), ("in quarantine", plan.quarantine)):
        if where.files:
            files = counted(where.files, "file")
            screen.show_text(f"{files} {name}, {size_text(where.size)}, stay where they are.")


def _lines(plan: DiscardPlan) -> list[str]:
    from domain.sizes import size_text

    lines = [_line(one) for one in plan.series]
    lines.append(
        f"{counted(plan.files, 'file')}, {size_text(plan.size)}, all ended before "
        f"{_day(plan.ended_before)}"
    )
    return lines


def _line(one: SeriesDiscard) -> str:
    from domain.sizes import size_text

    parts = []
    if one.oldest is not None and one.newest is not None:
        ended = f"{_day(one.oldest)} to {_day(one.newest)}"
        parts.append(f"{counted(len(one.revisions), 'old revision')} that ended {ended}")
    if one.left:
        parts.append(f"{counted(len(one.left), 'file')} that an earlier gc left")
    return f"{one.series}: {', '.join(parts)}, {size_text(one.size)}"


def _day(stamp: int) -> str:
    from domain.sessions import instant_text

    return instant_text(stamp)[:10]


def _whole_document(plan: DiscardPlan, done: list[SeriesDiscard], days: int) -> dict[str, Any]:
    series = [_document(one) for one in done]
    return {
        "older_than_days": days,
        "ended_before": _instant(plan.ended_before),
        "revisions": sum(one["revisions"] for one in series),
        "bytes": sum(one["bytes"] for one in series),
        "series": series,
        "orphans": _set_aside(plan.orphans),
        "quarantine": _set_aside(plan.quarantine),
    }


def _document(one: SeriesDiscard) -> dict[str, Any]:
    return {
        "instrument_id": str(one.series.instrument_id),
        "bar_type": str(one.series.bar_type),
        "revisions": len(one.revisions) + len(one.left),
        "bytes": one.size if one.freed is None else one.freed,
        "oldest": _instant(one.oldest),
        "newest": _instant(one.newest),
    }


def _set_aside(what: SetAside) -> dict[str, int]:
    return {"files": what.files, "bytes": what.size}


def _instant(stamp: int | None) -> str | None:
    from domain.sessions import instant_text

    return None if stamp is None else instant_text(stamp)
