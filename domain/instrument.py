"""Instruments: what is traded, where, in which currency and in which steps."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterator
from decimal import Decimal

import attrs

from domain.bar_type import BarType
from domain.bars import MAX_PRECISION
from domain.errors import InvalidInstrumentError, InvalidInstrumentIdError

# A symbol may hold what IBKR's and Nautilus's symbols hold (`EUR/USD`, `BRK B`, `^SPX`,
# `BTCUSDT-PERP`), and nothing that could climb out of a folder or hide in a terminal.
_SYMBOL = re.compile(r"[A-Za-z0-9^$#][A-Za-z0-9 ._/:=^$&+#!-]*")
_VENUE = re.compile(r"[A-Z][A-Z0-9_]*")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}")
_LONGEST = 60
_LARGEST = 10**9


@attrs.frozen(order=True)
class InstrumentId:
    """A symbol and the venue where it is traded, such as `AAPL.NASDAQ`."""

    symbol: str
    venue: str

    @classmethod
    def parse(cls, text: str) -> InstrumentId:
        """Return the instrument ID written as `SYMBOL.VENUE`; the last dot divides.

        Raises:
            InvalidInstrumentIdError: a part is missing or holds a character that may not be
                in it, such as a null byte or a step up (`../`).
        """
        symbol, dot, venue = text.rpartition(".")
        if not dot or not is_symbol(symbol) or not is_venue(venue):
            raise InvalidInstrumentIdError(
                f"{text!r} is not an instrument ID.",
                "Write SYMBOL.VENUE, such as AAPL.NASDAQ or EUR/USD.IDEALPRO.",
            )
        return cls(symbol, venue)

    def __str__(self) -> str:
        return f"{self.symbol}.{self.venue}"


def is_venue(text: str) -> bool:
    """Whether `text` can be the venue of an instrument ID."""
    return _VENUE.fullmatch(text) is not None


def is_symbol(text: str) -> bool:
    """Whether `text` can be the symbol of an instrument ID."""
    return (
        len(text) <= _LONGEST
        and _SYMBOL.fullmatch(text) is not None
        and not text.endswith(" ")
        and all(part.strip(".") for part in text.split("/"))
    )


@attrs.frozen(order=True)
class Series:
    """The bars of one instrument in one bar type."""

    instrument_id: InstrumentId
    bar_type: BarType

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.bar_type.label} bars"


class InstrumentClass(enum.Enum):
    """What kind of contract an instrument is."""

    EQUITY = "equity"
    CURRENCY_PAIR = "currency-pair"
    FUTURE = "future"
    CRYPTO_PAIR = "crypto-pair"
    INDEX = "index"

    @property
    def is_tradable(self) -> bool:
        """Whether it can be bought; an index is only computed from what can."""
        return self is not InstrumentClass.INDEX

    @property
    def is_pair(self) -> bool:
        """Whether it exchanges one currency for another."""
        return self in (InstrumentClass.CURRENCY_PAIR, InstrumentClass.CRYPTO_PAIR)


@attrs.frozen
class Instrument:
    """What a backtest must know of an instrument.

    `currency` is what prices are quoted in; `base_currency` is what a pair buys and sells.
    Precisions count digits after the point. `tick` is the least price step, `size_step` the
    least quantity step. `expiry` is the day a future's last session falls on, by the venue's
    clock. `calendar` names a trading calendar in place of the venue's own.
    """

    id: InstrumentId
    instrument_class: InstrumentClass
    currency: str
    price_precision: int
    size_precision: int
    tick: Decimal
    size_step: Decimal
    multiplier: Decimal = Decimal(1)
    base_currency: str | None = None
    expiry: dt.date | None = None
    calendar: str | None = None

    def check(self) -> None:
        """Refuse a definition that contradicts itself.

        Raises:
            InvalidInstrumentError: naming the first thing that does not fit.
        """
        problem = next(self._problems(), None)
        if problem:
            raise InvalidInstrumentError(
                f"{self.id} cannot be defined: {problem}.",
                f"Correct it with: barledger instrument set -i '{self.id}' …",
            )

    def _problems(self) -> Iterator[str]:
        yield from self._currency_problems()
        yield from self._number_problems()
        if self.instrument_class is InstrumentClass.FUTURE and self.expiry is None:
            yield "a future needs an expiry"
        elif self.instrument_class is not InstrumentClass.FUTURE:
            yield from self._problems_of_no_future()
        if self.instrument_class.is_pair != (self.base_currency is not None):
            yield "a pair needs a base currency, and nothing else has one"

    def _problems_of_no_future(self) -> Iterator[str]:
        if self.expiry is not None:
            yield "only a future has an expiry"
        if self.multiplier != 1:
            yield "only a future has a multiplier"

    def _currency_problems(self) -> Iterator[str]:
        for name, currency in (("currency", self.currency), ("base currency", self.base_currency)):
            if currency is not None and not _CURRENCY.fullmatch(currency):
                yield f"{currency!r} is not a {name} code such as USD"
        if self.base_currency == self.currency:
            yield "its base currency is its currency"
        base, slash, quote = self.id.symbol.partition("/")
        named = (base, quote) if self.instrument_class.is_pair and slash else None
        if named not in (None, (self.base_currency, self.currency)):
            yield f"its symbol names {base} and {quote}, its currencies are others"

    def _number_problems(self) -> Iterator[str]:
        for name, step, digits in (
            ("price", self.tick, self.price_precision),
            ("size", self.size_step, self.size_precision),
        ):
            if not 0 <= digits <= MAX_PRECISION:
                yield f"its {name} precision {digits} is not from 0 to {MAX_PRECISION}"
            if not step.is_finite() or not 0 < step <= _LARGEST:
                yield f"its {name} step {step} is not greater than 0 and at most {_LARGEST:,}"
            elif decimals_of(step) > digits:
                yield f"its {name} step {step} has more than {digits} decimals"
        if not self.multiplier.is_finite() or not 0 < self.multiplier <= _LARGEST:
            yield f"its multiplier {self.multiplier} is not between 0 and {_LARGEST:,}"
        elif decimals_of(self.multiplier) > MAX_PRECISION:
            yield f"its multiplier {self.multiplier} has more than {MAX_PRECISION} decimals"

    def with_precision(self, price: int, size: int) -> Instrument:
        """Return this instrument with at least these precisions; they only ever grow."""
        return attrs.evolve(
            self,
            price_precision=max(self.price_precision, price),
            size_precision=max(self.size_precision, size),
        )


def decimals_of(value: Decimal) -> int:
    """Return how many digits after the point `value` needs: 2 for 0.01 and for 0.010."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@attrs.frozen
class VenueDefaults:
    """What may be assumed of an instrument that nobody has defined, by its venue."""

    instrument_class: InstrumentClass
    currency: str


def assumed_instrument(instrument_id: InstrumentId, defaults: VenueDefaults) -> Instrument | None:
    """Return a definition from what is usual at the venue, or None where guessing is wrong.

    Equities trade in cents and whole shares; currency pairs to five decimals (three against
    the yen); crypto pairs to two and six; indices are computed to two. A future has an expiry
    and a multiplier that no rule gives.
    """
    kind = defaults.instrument_class
    if kind in (InstrumentClass.EQUITY, InstrumentClass.INDEX):
        return Instrument(instrument_id, kind, defaults.currency, 2, 0, Decimal("0.01"), Decimal(1))
    base, slash, quote = instrument_id.symbol.partition("/")
    if not kind.is_pair or not slash or not _CURRENCY.fullmatch(base):
        return None
    if not _CURRENCY.fullmatch(quote):
        return None
    price, size = (2, 6) if kind is InstrumentClass.CRYPTO_PAIR else (5, 0)
    if kind is InstrumentClass.CURRENCY_PAIR and quote == "JPY":
        price = 3
    steps = (Decimal(1).scaleb(-price), Decimal(1).scaleb(-size))
    return Instrument(instrument_id, kind, quote, price, size, *steps, base_currency=base)
