"""What a fetch tells the user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from domain.errors import AmbiguousSymbolError, ContractNotFoundError, UnusableAnswerError
from domain.fetching import WaitCause, Waiting
from domain.instrument import Instrument, InstrumentId, Series
from domain.sessions import Hours

_SHOWN = 5
_CAUSES = {
    WaitCause.RATE_LIMIT: "{source} rate limit reached.",
    WaitCause.LOST: "{source} connection lost.",
    WaitCause.NO_ANSWER: "{source} does not answer.",
    WaitCause.NOT_KNOWN: "{source} finds no such instrument.",
    WaitCause.PACING: "{source} allows no more requests of this kind for now.",
}


def shown_source(name: str) -> str:
    """Return the name of a source as it is shown: `IBKR` for `ibkr`."""
    return name.upper()


def waiting_text(waiting: Waiting, source: str) -> str:
    """Return why `source`, a name as it is shown, is not asked, and for how long it is not."""
    seconds = f"{waiting.seconds} second{'' if waiting.seconds == 1 else 's'}"
    if waiting.cause is WaitCause.CONNECTING:
        return f"Connecting to {source}. Giving up in {seconds}."
    cause = _CAUSES[waiting.cause].format(source=source)
    if not waiting.attempts:
        return f"{cause} Going on in {seconds}."
    return f"{cause} Retrying in {seconds}... (attempt {waiting.attempt}/{waiting.attempts})"


def fetching_text(name: str, series: Series, source: str) -> str:
    """Return what is shown while bars come in, before the percentage."""
    return f"Fetching {name} {series.bar_type.label} bars from {shown_source(source)}"


def comparing_text(name: str, series: Series, source: str) -> str:
    """Return what is shown while the level of prices is compared."""
    label = series.bar_type.label
    return f"Comparing {name} {label} bars from {shown_source(source)} with those held"


def busy_text(series: Series) -> str:
    """Return what is told, once, of a series that another process is fetching."""
    return f"Another barledger is fetching {series}; waiting for it."


def detail_text(hours: Hours, dates: tuple[dt.date, dt.date]) -> str:
    """Return which request bars came from, for the ledger and the files."""
    return f"{hours.value} hours, {dates[0]} to {dates[1]}"


def left_text(name: str, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of sessions of which the source gave no bars, unconfirmed."""
    return (
        f"{name}: {shown_source(source)} has no bars of {dates_text(dates)}. It may still get "
        "them, so nothing is recorded: a later fetch asks again."
    )


def kept_text(name: str, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of sessions that were to be replaced and could not be."""
    return (
        f"{name}: {shown_source(source)} has no bars of {dates_text(dates)}. What is held of it "
        "from other sources stays."
    )


def dates_text(dates: Sequence[dt.date]) -> str:
    """Return the first of some dates, and how many there are more."""
    shown = ", ".join(f"{date}" for date in dates[:_SHOWN])
    return f"{shown} and {len(dates) - _SHOWN} more" if len(dates) > _SHOWN else shown


def contract_not_found(
    name: str, source: str, others: Sequence[Instrument] = ()
) -> ContractNotFoundError:
    """Return the error for what neither the catalog nor the source knows."""
    known = ", ".join(str(one.id) for one in others)
    hint = f" It knows {known}." if known else ""
    return ContractNotFoundError(
        f"Data not found for {name}. Please connect to IBKR Gateway or import CSV data.",
        f"{shown_source(source)} knows no instrument {name}.{hint} Check the symbol and the venue, "
        "such as AAPL.NASDAQ, or import with: barledger import-csv FILE -i SYMBOL.VENUE",
    )


def ambiguous_symbol(name: str, found: Sequence[InstrumentId], source: str) -> AmbiguousSymbolError:
    """Return the error for a symbol that the source knows at several venues."""
    return AmbiguousSymbolError(
        f"{shown_source(source)} knows {name} at several venues: {', '.join(map(str, found))}.",
        f"Name one with its venue: -i '{found[0]}'.",
    )


def unanswered(series: Series) -> UnusableAnswerError:
    """Return the error for a source that ended without a word about a part of what was asked."""
    return UnusableAnswerError(
        f"The source did not answer for all that was asked of {series}.",
        "What it answered for is kept. Fetch again: only the rest is asked for.",
    )
