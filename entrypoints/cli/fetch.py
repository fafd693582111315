"""`barledger fetch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from domain.errors import BarledgerError, UsageError
from entrypoints.cli import options
from entrypoints.cli.gateway_options import GatewayChoice, gateway
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from application.fetch_request import FetchItem, FetchRequest
    from domain.availability import Availability
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen
    from entrypoints.cli.tables import Justify

_DEFAULT_BAR_TYPE = "1_MIN"


@click.command("fetch")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, f"[default: {_DEFAULT_BAR_TYPE}; with --update all that are held]")
@options.trading_window
@click.option(
    "--outside-rth",
    is_flag=True,
    help="Fetch the hours before and after market too; --update does so where they are held.",
)
@click.option(
    "--update", is_flag=True, help="Bring every series that is held up to its last full session."
)
@click.option("--refetch", is_flag=True, help="Ask again for all of the range, held or not.")
@click.option(
    "--keep",
    type=click.Choice(["held", "fetched"]),
    help="Where prices differ in level from bars held of another source, as after a split: keep "
    "those beside what is fetched, or fetch their days anew and replace them.",
)
@gateway
@options.common
def command(
    invocation: Invocation, gateway: GatewayChoice, instruments: tuple[str, ...], **choices: Any
) -> None:
    """Fetch bars from Interactive Brokers into the Parquet catalog, only what is missing.

    Days are kept as they complete: whatever ends a fetch, the same command goes on from there.
    A running IBKR Gateway is needed (docker compose up ibgateway), or one that is simulated
    (barledger gateway simulate).

    \b
    Examples:
      barledger fetch -i TSLA --start 2024-01-02 --end 2024-03-28
      barledger fetch -i AAPL.NASDAQ -i MSFT.NASDAQ --bar-type 1_DAY --start 2015-01-01
      barledger fetch --update

    Where an instrument is not known, or a series fails, the others are fetched all the same.
    Where nothing at all came of a range that is long over, it ends with exit code 3.

    JSON: series, each with instrument_id, bar_type, start, end, bars_fetched, days_written,
    days_held, confirmed_empty, left (sessions whose bars the gateway does not have yet) and
    joined (how prices compare with those held of other sources).
    """
    from application.fetch_left import nothing_found, why_nothing
    from application.fetch_notices import Gathered

    container, screen = invocation.wire(gateway), invocation.screen
    request = _request(container.catalog().availability(), instruments, **choices)
    try:
        outcome = container.fetch_bars().run(request)
    except BarledgerError as failure:
        _show_done(screen, failure)
        raise
    gathered = Gathered(screen)
    for one in outcome.series:
        if why := why_nothing(one):
            gathered.warn(one.name, f"{why}.")
    gathered.flush()
    error = nothing_found(outcome, container.source().name())
    if not screen.as_json:
        _show(screen, outcome.document()["series"])
    elif error is None:
        screen.show_json({**outcome.document(), "warnings": screen.warnings})
    if error is not None:
        error.done = {**outcome.document(), "warnings": screen.warnings}
        raise error


def _request(
    availability: Availability, instruments: tuple[str, ...], **choices: Any
) -> FetchRequest:
    from application.fetch_request import FetchRequest, Keep
    from domain.sessions import Hours

    if choices["update"]:
        _check_update(**choices)
        items = _held_items(availability, instruments, choices["bar_type"])
    else:
        items = _items(instruments, choices["bar_type"])
    return FetchRequest(
        items=items,
        window=options.parse_window(choices["start"], choices["end"]),
        hours=Hours.EXTENDED if choices["outside_rth"] else Hours.REGULAR,
        refetch=choices["refetch"],
        keep=Keep(choices["keep"]) if choices["keep"] else None,
        update=choices["update"],
    )


def _check_update(**choices: Any) -> None:
    named = [name for name in ("start", "end", "refetch") if choices[name]]
    if named:
        raise UsageError(
            f"--update goes from what is held to the last full session: --{named[0]} says "
            "something else.",
            "Leave one of the two out.",
        )


def _items(instruments: tuple[str, ...], bar_type: BarType | None) -> tuple[FetchItem, ...]:
    from application.fetch_request import FetchItem
    from domain.bar_type import BarType

    if not instruments:
        raise UsageError(
            "Nothing is said of what to fetch.",
            "Name instruments with -i, or bring all that is held up to date with --update.",
        )
    wanted = bar_type or BarType.parse(_DEFAULT_BAR_TYPE)
    return tuple(FetchItem(name, wanted) for name in dict.fromkeys(instruments))


def _held_items(
    availability: Availability, instruments: tuple[str, ...], bar_type: BarType | None
) -> tuple[FetchItem, ...]:
    """Return all series that are held of the instruments, or of all."""
    from application.fetch_request import FetchItem
    from application.instruments import resolve
    from application.series_check import held_series
    from domain.errors import NothingHeldError

    ids = {resolve(name, availability): name for name in instruments}
    found = [
        FetchItem(
            ids.get(one.instrument_id, str(one.instrument_id)), one.bar_type, one.instrument_id
        )
        for one in held_series(None, bar_type, availability)
        if not ids or one.instrument_id in ids
    ]
    if not found:
        raise NothingHeldError(
            "The Parquet catalog holds nothing to bring up to date.",
            "Fetch something first: barledger fetch -i SYMBOL.VENUE --start DATE --end DATE",
        )
    return tuple(found)


# These fit the 80 characters of a usual terminal; all else is in the JSON.
_COLUMNS: list[tuple[str, Justify]] = [
    ("Instrument", "left"),
    ("Bars of", "left"),
    ("From", "left"),
    ("To", "left"),
    ("New bars", "right"),
    ("New days", "right"),
    ("Held", "right"),
]
_EMPTY: tuple[str, Justify] = ("Empty", "right")


def _show_done(screen: Screen, error: BarledgerError) -> None:
    """Show what was done before an error, which is told next."""
    if screen.as_json:
        error.done = {**error.done, "warnings": screen.warnings}
        return
    rows = error.done.get("series")
    if isinstance(rows, list) and rows:
        _show(screen, rows)


def _show(screen: Screen, series: Sequence[Mapping[str, Any]]) -> None:
    """Show series, each in the words of the JSON."""
    empty = any(one["confirmed_empty"] for one in series)
    columns = [*_COLUMNS, _EMPTY] if empty else _COLUMNS
    screen.show_table(columns, [_cells(one)[: len(columns)] for one in series])
    for one in series:
        if one["joined"]:
            screen.show_text(f"{one['instrument_id']} {one['bar_type']}: {one['joined']}")


def _cells(one: Mapping[str, Any]) -> list[str]:
    return [
        one["instrument_id"],
        one["bar_type"],
        one["start"] or "-",
        one["end"] or "-",
        f"{one['bars_fetched']:,}",
        f"{one['days_written']:,}",
        f"{one['days_held']:,}",
        f"{one['confirmed_empty']:,}",
    ]
