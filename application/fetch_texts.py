"""What a fetch tells the user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from domain.errors import (
    AmbiguousSymbolError,
    ContractNotFoundError,
    InvalidWindowError,
    UnusableAnswerError,
)
from domain.fetching import Stray, WaitCause, Waiting
from domain.instrument import Instrument, InstrumentId, Series
from domain.sessions import Hours
from domain.window import Bound

_SHOWN = 5
_MAY_DIFFER = "on a level that may be another one than that of the fetched bars"
_CAUSES = {
    WaitCause.HUNG_UP: "{source} hung up while connecting.",
    WaitCause.RATE_LIMIT: "{source} rate limit reached.",
    WaitCause.LOST: "{source} connection lost.",
    WaitCause.NO_ANSWER: "{source} does not answer.",
    WaitCause.CANCELLED: "{source} cancelled the request.",
    WaitCause.UNREADABLE: "{source} gave an unreadable answer.",
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


def hours_text(series: Sequence[Series]) -> str:
    """Return what is told of series whose extended hours are brought up to date unasked."""
    them = names_text([f"{one}" for one in series])
    if len(series) == 1:
        return f"{them} are held with the hours before and after market: these are updated, too."
    return (
        f"{len(series)} series are held with the hours before and after market, and these are "
        f"updated, too: {them}."
    )


def gathered_text(sentence: str, names: Sequence[str]) -> str:
    """Return a sentence that is true of a series of each of `names`."""
    if len(names) == 1:
        return f"{names[0]}: {sentence}"
    return f"{len(names)} series ({names_text(list(dict.fromkeys(names)))}): {sentence}"


def names_text(names: Sequence[str]) -> str:
    """Return the first of some names, and how many there are more."""
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def detail_text(hours: Hours, dates: tuple[dt.date, dt.date]) -> str:
    """Return which request bars came from, for the ledger and the files."""
    return f"{hours.value} hours, {dates[0]} to {dates[1]}"


def left_text(name: str, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of sessions of which the source gave no bars, unconfirmed."""
    return (
        f"{name}: {shown_source(source)} has no bars of {dates_text(dates)}. It may still get "
        "them, so nothing is recorded: a later fetch asks again."
    )


def old_left_text(name: str, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of sessions that are long over, and of which nothing came."""
    return (
        f"{name}: {shown_source(source)} gave no bars of {dates_text(dates)}. That confirms "
        "nothing, so nothing is recorded: a later fetch asks again."
    )


def kept_text(name: str, dates: Sequence[dt.date], source: str, *, replacing: bool) -> str:
    """Return what is told of sessions that were to be replaced or compared, and could not be.

    With `replacing`, prices of others were to go, and these stay on the level that they have.
    """
    level = (
        ", on a level that may be another one than that of the fetched bars" if replacing else ""
    )
    return (
        f"{name}: {shown_source(source)} has no bars of {dates_text(dates)}. What is held of it "
        f"stays{level}."
    )


def same_text(name: str, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of sessions of others that were asked for and are whole as they are."""
    return (
        f"{name}: {shown_source(source)} has no other bars of {dates_text(dates)} than those that "
        "are held."
    )


def replaced_text(dates: Sequence[dt.date]) -> str:
    """Return what is told of sessions whose bars of other sources were replaced."""
    return f"Bars of other sources were replaced on {dates_text(dates)}."


def outside_text(name: str, dates: Sequence[dt.date]) -> str:
    """Return what is told before bars are replaced that lie outside the range that was named."""
    return (
        f"{name}: bars of other sources are held outside this range, too, and are replaced by "
        f"--keep fetched: {dates_text(dates)}."
    )


def unreplaced_text(name: str, dates: Sequence[dt.date]) -> str:
    """Return what is told where a fetch ends before all bars of others were replaced."""
    return (
        f"{name}: bars of other sources are still held of {dates_text(dates)}, {_MAY_DIFFER}. "
        "The same command goes on there."
    )


def rest_text(name: str, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of sessions that are over, and of which the source has not all."""
    return (
        f"{name}: {shown_source(source)} cannot tell yet whether it has all bars of "
        f"{dates_text(dates)}. What it has is kept: a later fetch asks for the rest."
    )


def lacking_text(name: str, bars: int, dates: Sequence[dt.date], source: str) -> str:
    """Return what is told of bars that the source gave before, and does not give any more."""
    many = "1 bar" if bars == 1 else f"{bars:,} bars"
    return (
        f"{name}: {shown_source(source)} no longer gives {many} that it gave before, on "
        f"{dates_text(dates)}. What is held stays; if its prices were adjusted since, these are on "
        "the level of then."
    )


def meanwhile_text(name: str, dates: str, joined: str) -> str:
    """Return what is told of bars that others wrote while a fetch ran."""
    return f"{name}: bars of another source came in while this fetch ran, of {dates}. {joined}"


def stray_text(name: str, stray: Stray, source: str, calendar: str) -> str:
    """Return what is told of bars that lie in no session of the calendar."""
    bars = "1 bar" if stray.bars == 1 else f"{stray.bars:,} bars"
    are = "It is" if stray.bars == 1 else "They are"
    return (
        f"{name}: {shown_source(source)} has {bars} on {dates_text(stray.dates)}, outside the "
        f"sessions of the calendar {calendar}. {are} left out: if the calendar is wrong, name "
        "another with barledger instrument set --calendar or barledger venue set."
    )


def dates_text(dates: Sequence[dt.date]) -> str:
    """Return the first of some dates, and how many there are more."""
    return names_text([f"{date}" for date in dates])


def contract_not_found(
    name: str, source: str, others: Sequence[Instrument] = ()
) -> ContractNotFoundError:
    """Return the error for what neither the catalog nor the source knows."""
    known = ", ".join(str(one.id) for one in others)
    hint = f" It knows {known}." if known else ""
    return ContractNotFoundError(
        f"Data not found for {name}. Please connect to IBKR Gateway or import CSV data.",
        f"{shown_source(source)} is connected, and knows no instrument {name}.{hint} Check the "
        "symbol and the venue, such as AAPL.NASDAQ, or import with: "
        "barledger import-csv FILE -i SYMBOL.VENUE",
    )


def ambiguous_symbol(name: str, found: Sequence[InstrumentId], source: str) -> AmbiguousSymbolError:
    """Return the error for a symbol that the source knows at several venues."""
    return AmbiguousSymbolError(
        f"{shown_source(source)} knows {name} at several venues: {', '.join(map(str, found))}.",
        f"Name one with its venue: -i '{found[0]}'.",
    )


def nothing_yet(series: Series, start: Bound | None) -> InvalidWindowError:
    """Return the error for a range with an open end that begins in the future."""
    return InvalidWindowError(
        f"The start {start} lies in the future: nothing of {series} has happened there yet.",
        "Name an earlier --start.",
    )


def unanswered(series: Series) -> UnusableAnswerError:
    """Return the error for a source that ended without a word about a part of what was asked."""
    return UnusableAnswerError(
        f"The source did not answer for all that was asked of {series}.",
        "What it answered for is kept. Fetch again: only the rest is asked for.",
    )
