"""From an instrument to what IBKR is asked for, and back from what a gateway answers."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import Contract, ContractDetails

from adapters.ibkr.contracts import candidates_for, contract_for
from adapters.ibkr.details import instrument_of, instruments_of
from adapters.ibkr.matching import chosen
from adapters.simulated_gateway.contracts import ContractQuery, details, found
from adapters.simulated_gateway.frames import fields_of, frame
from adapters.simulated_gateway.market import Market, listing_of
from adapters.simulated_gateway.refusals import RefusedError
from domain.errors import AmbiguousSymbolError
from domain.instrument import Instrument, InstrumentClass, InstrumentId, decimals_of
from domain.venues import venue
from tests.integration.ibkr.wire import decoded

TODAY = dt.date(2024, 11, 29)
_LENGTH_OF_A_FRAME = 4

_ticks = st.sampled_from(["0.01", "0.005", "0.0001", "0.25", "1", "0.00005", "0.000000001"])
_symbols = st.from_regex(r"[A-Z]{1,5}", fullmatch=True)
_currencies = st.sampled_from(["USD", "EUR", "GBP", "JPY", "CHF"])


def _instrument(
    symbol: str, where: str, kind: InstrumentClass, currency: str, tick: str, **more: object
) -> Instrument:
    step = Decimal(str(more.pop("step", 1)))
    return Instrument(
        InstrumentId(symbol, where),
        kind,
        currency,
        decimals_of(Decimal(tick)),
        decimals_of(step),
        Decimal(tick),
        step,
        **more,  # type: ignore[arg-type]
    )


_LISTINGS = ("NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "XNAS", "IBIS", "XETR", "LSE", "TSEJ", "EBS")


@st.composite
def shares(draw: st.DrawFn) -> Instrument:
    symbol = draw(_symbols | st.sampled_from(["BRK B", "7203", "BAC PRK"]))
    where = draw(st.sampled_from(_LISTINGS))
    currency = venue(where).currency or ""
    step = draw(st.sampled_from([1, 100]))
    return _instrument(symbol, where, InstrumentClass.EQUITY, currency, draw(_ticks), step=step)


@st.composite
def pairs(draw: st.DrawFn) -> Instrument:
    base, quote = draw(st.lists(_currencies, min_size=2, max_size=2, unique=True))
    divider = draw(st.sampled_from(["/", "", "."]))
    return _instrument(
        f"{base}{divider}{quote}",
        "IDEALPRO",
        InstrumentClass.CURRENCY_PAIR,
        quote,
        draw(_ticks),
        base_currency=base,
    )


@st.composite
def coins(draw: st.DrawFn) -> Instrument:
    base = draw(st.sampled_from(["BTC", "ETH", "LINK", "DOGE"]))
    return _instrument(
        f"{base}{draw(st.sampled_from(['/', '']))}USD",
        draw(st.sampled_from(["PAXOS", "ZEROHASH"])),
        InstrumentClass.CRYPTO_PAIR,
        "USD",
        draw(_ticks),
        base_currency=base,
        step=draw(st.sampled_from(["0.00000001", "0.0001", "1"])),
    )


@st.composite
def futures(draw: st.DrawFn) -> Instrument:
    root, where = draw(
        st.sampled_from(
            ["ES CME", "6E CME", "BTC CME", "CL NYMEX", "GC COMEX", "ZN CBOT", "ZC XCBT", "VX CFE"]
        )
    ).split()
    expiry = draw(st.dates(dt.date(2020, 1, 1), dt.date(2029, 10, 28)))
    code = f"{root}{'FGHJKMNQUVXZ'[expiry.month - 1]}{expiry.year % 10}"
    return _instrument(
        code,
        where,
        InstrumentClass.FUTURE,
        "USD",
        draw(_ticks),
        multiplier=Decimal(draw(st.sampled_from(["50", "1000", "0.1", "12500000"]))),
        expiry=expiry,
    )


@st.composite
def indices(draw: st.DrawFn) -> Instrument:
    symbol, where = draw(
        st.sampled_from(["SPX CBOE", "VIX XCBO", "^NDX NASDAQ", "RUT RUSSELL", "^DAX EUREX"])
    ).split()
    return _instrument(symbol, where, InstrumentClass.INDEX, draw(_currencies), draw(_ticks))


every = st.one_of(shares(), pairs(), coins(), futures(), indices())


def answers_of(market: Market, query: Contract) -> list[ContractDetails]:
    """Return what the simulated gateway answers, over the bytes of its frames."""
    sent = [
        query.conId,
        query.symbol,
        query.secType,
        query.lastTradeDateOrContractMonth,
        query.strike,
        query.right,
        query.multiplier,
        query.exchange,
        query.primaryExchange,
        query.currency,
        query.localSymbol,
        query.tradingClass,
        int(query.includeExpired),
    ]
    asked = ContractQuery.parse(tuple(str(field) for field in sent))
    messages = [
        frame(details(one, "1", asked.exchange))[_LENGTH_OF_A_FRAME:]
        for one in found(market, asked, TODAY)
    ]
    return [decoded(list(fields_of(one))) for one in messages]


@given(instrument=every, is_defined=st.booleans())
def test_an_instrument_comes_back_as_it_was(instrument: Instrument, *, is_defined: bool) -> None:
    instrument.check()
    market = Market([listing_of(instrument, 7)], {})
    known = instrument if is_defined else None
    query = contract_for(instrument.id, known, today=TODAY)
    answer = chosen(answers_of(market, query), instrument.id, TODAY)
    assert instrument_of(answer, asked=instrument.id) == instrument


@given(every)
def test_the_id_that_ibkr_suggests_means_the_same_instrument(instrument: Instrument) -> None:
    """Whatever the ID was that it was first asked by."""
    market = Market([listing_of(instrument, 7)], {})
    (first,) = answers_of(market, contract_for(instrument.id, None, today=TODAY))
    suggested = instrument_of(first, asked=None)
    (second,) = answers_of(market, contract_for(suggested.id, None, today=TODAY))
    again = instrument_of(chosen([second], suggested.id, TODAY), asked=suggested.id)
    assert again == suggested
    assert attrs.evolve(again, id=instrument.id) == instrument


@given(st.lists(every, min_size=1, max_size=6, unique_by=lambda one: one.id))
def test_among_many_instruments_each_is_found(instruments: list[Instrument]) -> None:
    """Or told to be ambiguous, as where `BTC/USD` and `BTCUSD` are listed at one exchange."""
    market = Market([listing_of(one, number) for number, one in enumerate(instruments, 1)], {})
    for one in instruments:
        query = contract_for(one.id, one, today=TODAY)
        answers = answers_of(market, query)
        if len(answers) == 1:
            assert instrument_of(chosen(answers, one.id, TODAY), asked=one.id) == one
        else:
            with pytest.raises(AmbiguousSymbolError):
                chosen(answers, one.id, TODAY)


@given(every)
def test_a_symbol_with_no_venue_finds_what_it_names(instrument: Instrument) -> None:
    market = Market([listing_of(instrument, 7)], {})
    (first,) = answers_of(market, contract_for(instrument.id, None, today=TODAY))
    suggested = instrument_of(first, asked=None)
    if suggested.instrument_class is InstrumentClass.EQUITY and suggested.currency != "USD":
        return
    answers = []
    for query in candidates_for(suggested.id.symbol, today=TODAY):
        with contextlib.suppress(RefusedError):  # what one exchange lacks another has
            answers += answers_of(market, query)
    assert instruments_of(answers) == [suggested]
