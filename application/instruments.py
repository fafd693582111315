"""What instruments are: found by symbol, defined by the user, or assumed from their venue."""

from __future__ import annotations

from collections.abc import Callable

from application.catalog import Catalog
from domain.availability import Availability
from domain.errors import (
    AmbiguousSymbolError,
    DataNotFoundError,
    InstrumentNotDefinedError,
    InvalidInstrumentIdError,
)
from domain.instrument import (
    Instrument,
    InstrumentClass,
    InstrumentId,
    assumed_instrument,
    is_symbol,
)
from domain.ports import TradingCalendar
from domain.venues import venue


def resolve(text: str, availability: Availability) -> InstrumentId:
    """Return the instrument that the user means by `text`: an ID, or a symbol with no venue.

    Raises:
        InvalidInstrumentIdError: it is neither.
        AmbiguousSymbolError: the symbol is known at several venues.
        DataNotFoundError: the symbol is not known.
    """
    if "." in text or not is_symbol(text):
        return InstrumentId.parse(text)
    found = [known for known in availability.known_ids() if known.symbol == text]
    if not found:
        raise data_not_found(text, f"No instrument with the symbol {text} is known.")
    if len(found) > 1:
        raise AmbiguousSymbolError(
            f"{text} is known at several venues: {', '.join(map(str, found))}.",
            f"Name one with its venue: -i {found[0]}.",
        )
    return found[0]


def resolve_new(text: str, availability: Availability) -> InstrumentId:
    """Return the instrument that bars or a definition are for, which may be a new one.

    Raises:
        InvalidInstrumentIdError: `text` is no instrument ID, and no known symbol either.
        AmbiguousSymbolError: the symbol is known at several venues.
    """
    try:
        return resolve(text, availability)
    except DataNotFoundError:
        raise InvalidInstrumentIdError(
            f"{text!r} names no venue, and the Parquet catalog knows no such symbol.",
            "Write SYMBOL.VENUE, such as AAPL.NASDAQ.",
        ) from None


def data_not_found(name: str, detail: str) -> DataNotFoundError:
    """Return the error for bars that are not held, naming the instrument as it was typed."""
    return DataNotFoundError(
        f"Data not found for {name}. Please connect to IBKR Gateway or import CSV data.",
        f"{detail} Import with: barledger import-csv FILE -i SYMBOL.VENUE",
    )


def definition(instrument_id: InstrumentId, availability: Availability) -> Instrument | None:
    """Return how the instrument is defined, or assumed from what is usual at its venue.

    None where it is not defined and nothing can be assumed.
    """
    defined = availability.instruments.get(instrument_id)
    if defined is not None:
        return defined
    defaults = venue(instrument_id.venue).defaults
    return assumed_instrument(instrument_id, defaults) if defaults else None


def required_definition(instrument_id: InstrumentId, availability: Availability) -> Instrument:
    """Return `definition`, which must be there.

    Raises:
        InstrumentNotDefinedError: nobody has defined it, and nothing may be assumed.
    """
    found = definition(instrument_id, availability)
    if found is None:
        raise InstrumentNotDefinedError(
            f"{instrument_id} is not defined, and nothing can be assumed of it.",
            f"Define it: barledger instrument set -i '{instrument_id}' {_likely(instrument_id)}",
        )
    return found


def _likely(instrument_id: InstrumentId) -> str:
    """Return options of a definition as an example, of the class that the symbol looks like."""
    symbol = instrument_id.symbol
    if symbol.startswith("^") or instrument_id.venue == "CBOE":
        return "--class index --currency USD --tick 0.01"
    if venue(instrument_id.venue).instrument_class is InstrumentClass.CRYPTO_PAIR:
        base, parted, quote = symbol.replace("-", "/").partition("/")
        base, quote = (base, quote) if parted else ("BTC", "USD")
        return f"--class crypto-pair --base-currency {base} --currency {quote} --tick 0.01"
    base, slash, quote = symbol.partition("/")
    if slash:
        return f"--class currency-pair --base-currency {base} --currency {quote} --tick 0.00001"
    return "--class future --currency USD --tick 0.25 --multiplier 50 --expiry 2024-03-15"


class DefineInstrument:
    """Sets what an instrument is, in whole or in part."""

    def __init__(self, catalog: Catalog, calendar: TradingCalendar) -> None:
        self._catalog = catalog
        self._calendar = calendar

    def run(
        self, instrument_id: InstrumentId, change: Callable[[Instrument | None], Instrument]
    ) -> Instrument:
        """Record what `change` makes of the present definition, and return it.

        Raises:
            InvalidInstrumentError: the new definition contradicts itself.
            UnknownCalendarError: it names a calendar that does not exist.
        """
        instrument = change(definition(instrument_id, self._catalog.availability()))
        if instrument.calendar is not None:
            self._calendar.require(instrument.calendar)
        self._catalog.register(instrument)
        return instrument
