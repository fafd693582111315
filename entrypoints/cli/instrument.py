"""`barledger instrument show` and `set`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from domain.instrument import Instrument
    from entrypoints.cli.screen import Screen

_CLASSES = ["equity", "currency-pair", "future", "crypto-pair", "index"]


@click.group("instrument")
def command() -> None:
    """Show or set what an instrument is: class, currency, precision, tick, multiplier, expiry."""


@command.command("show")
@options.instrument(multiple=True, required=False)
@options.common
def show(invocation: Invocation, instruments: tuple[str, ...]) -> None:
    """Show definitions; those that nobody has set are assumed from what is usual at the venue."""
    from application.instruments import definition, resolve

    availability = invocation.wire().catalog().availability()
    wanted = [resolve(text, availability) for text in instruments] or availability.known_ids()
    found = [
        (one, definition(one, availability), one in availability.instruments) for one in wanted
    ]
    screen = invocation.screen
    if screen.as_json:
        screen.show_json(
            {
                "instruments": [
                    {"instrument_id": str(one), "defined": defined, **_document(instrument)}
                    for one, instrument, defined in found
                ]
            }
        )
        return
    for one, instrument, defined in found:
        origin = "defined" if defined else "assumed" if instrument else "not defined"
        screen.show_text(f"{one} ({origin})")
        _show(screen, instrument)
    if not found:
        screen.show_text("The Parquet catalog knows no instrument.")


@command.command("set")
@options.instrument(multiple=False, required=True)
@click.option("--class", "instrument_class", type=click.Choice(_CLASSES))
@click.option("--currency", metavar="CODE", help="What prices are quoted in.")
@click.option("--base-currency", metavar="CODE", help="What a pair buys and sells.")
@click.option("--price-precision", type=click.IntRange(0, 9), help="Decimals of a price.")
@click.option("--size-precision", type=click.IntRange(0, 9), help="Decimals of a quantity.")
@click.option("--tick", metavar="STEP", help="The least price step, such as 0.01.")
@click.option("--size-step", metavar="STEP", help="The least quantity step, such as 1.")
@click.option("--multiplier", metavar="NUMBER", help="Units of the underlying in one contract.")
@click.option("--expiry", metavar="DATE", help="The date of a future's last session.")
@click.option("--calendar", metavar="NAME", help="A trading calendar in place of the venue's.")
@click.option("--no-calendar", is_flag=True, help="The venue's trading calendar again.")
@options.common
def set_(invocation: Invocation, instrument: str, *, no_calendar: bool, **changes: Any) -> None:
    """Define an instrument, or change a part of its definition.

    \b
    Examples:
      barledger instrument set -i AAPL.NASDAQ --tick 0.01
      barledger instrument set -i ESH4.CME --class future --currency USD --tick 0.25 \\
        --multiplier 50 --expiry 2024-03-15
    """
    from application.instruments import resolve_new
    from entrypoints.cli.definitions import changed

    container, screen = invocation.wire(), invocation.screen
    instrument_id = resolve_new(instrument, container.catalog().availability())
    values = {name: _value(name, text) for name, text in changes.items() if text is not None}
    if no_calendar:
        values |= _without_calendar(values)
    defined = container.define_instrument().run(
        instrument_id, lambda present: changed(instrument_id, present, values)
    )
    if screen.as_json:
        screen.show_json(
            {"instrument_id": str(instrument_id), "defined": True, **_document(defined)}
        )
    else:
        screen.show_text(f"{instrument_id} (defined)")
        _show(screen, defined)


def _without_calendar(values: Mapping[str, Any]) -> dict[str, Any]:
    from domain.errors import UsageError

    if "calendar" in values:
        raise UsageError(
            f"--calendar {values['calendar']!r} and --no-calendar contradict each other.",
            "Leave out one of them.",
        )
    return {"calendar": None}


def _value(name: str, text: Any) -> Any:
    from domain.errors import InvalidInstrumentError
    from domain.instrument import InstrumentClass

    try:
        if name == "instrument_class":
            return InstrumentClass(text)
        if name in ("tick", "size_step", "multiplier"):
            return _number(text)
        if name == "expiry":
            return dt.date.fromisoformat(text)
    except (ValueError, InvalidOperation):
        option = name.replace("_", "-")
        kind = "a date such as 2024-03-15" if name == "expiry" else "a number such as 0.25"
        raise InvalidInstrumentError(
            f"--{option} {text!r} is not {kind}.", f"Correct it: --{option} …"
        ) from None
    return text


def _number(text: str) -> Decimal:
    # Decimal also takes other scripts' digits and underscores, which nobody means here.
    if not re.fullmatch(r"[0-9.eE+-]+|[A-Za-z]+", text, re.ASCII):
        raise ValueError(text)
    return Decimal(text)


def _document(instrument: Instrument | None) -> dict[str, Any]:
    if instrument is None:
        return {}
    return {
        "class": instrument.instrument_class.value,
        "currency": instrument.currency,
        "base_currency": instrument.base_currency,
        "price_precision": instrument.price_precision,
        "size_precision": instrument.size_precision,
        "tick": str(instrument.tick),
        "size_step": str(instrument.size_step),
        "multiplier": str(instrument.multiplier),
        "expiry": instrument.expiry.isoformat() if instrument.expiry else None,
        "calendar": instrument.calendar,
    }


def _show(screen: Screen, instrument: Instrument | None) -> None:
    for name, value in _document(instrument).items():
        if value is not None:
            screen.show_text(f"  {name.replace('_', ' '):<16} {value}")
