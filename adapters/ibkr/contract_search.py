"""Finds contracts and definitions of instruments at a gateway, each once."""

from __future__ import annotations

import contextlib
import datetime as dt

import attrs
from ib_async import Contract, ContractDetails

from adapters.ibkr.contracts import candidates_for, contract_for
from adapters.ibkr.details import distinct, instrument_of, price_decimals
from adapters.ibkr.gateway import Gateway
from adapters.ibkr.matching import chosen
from domain.errors import ContractNotFoundError
from domain.instrument import Instrument, InstrumentId, is_symbol
from domain.ports import Clock


@attrs.frozen
class Listing:
    """A contract that bars are asked by; see `details.price_decimals`."""

    contract: Contract
    price_decimals: int


class ContractSearch:
    """Asks for contract details, and remembers which contract is which instrument's."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._known: dict[InstrumentId, Listing] = {}
        self._missed: set[str] = set()
        """Symbols that were not found at a venue: whoever asks for them alone wants a hint."""

    async def find(self, text: str) -> list[Instrument]:
        """Return all instruments that a symbol or an instrument ID may mean.

        Raises:
            BarledgerError: the gateway cannot be asked, or what it says cannot be used.
        """
        with contextlib.suppress(ContractNotFoundError):
            if "." in text or not is_symbol(text):
                return [await self._of_id(InstrumentId.parse(text))]
            return await self._of_symbol(text)
        return []

    async def listing(self, instrument: Instrument) -> Listing:
        """Return what bars of an instrument are asked by.

        Raises:
            ContractNotFoundError: the gateway knows none.
            BarledgerError: the gateway cannot be asked, or what it says cannot be used.
        """
        if instrument.id not in self._known:
            query = contract_for(instrument.id, instrument, today=self._today())
            await self._details(instrument.id, query)
        return self._known[instrument.id]

    async def _of_id(self, asked: InstrumentId) -> Instrument:
        query = contract_for(asked, None, today=self._today())
        try:
            return instrument_of(await self._details(asked, query), asked=asked)
        except ContractNotFoundError:
            self._missed.add(asked.symbol)
            raise

    async def _details(self, asked: InstrumentId, query: Contract) -> ContractDetails:
        found = await self._gateway.details(str(asked), query)
        details = chosen(found, asked, today=self._today())
        self._remember(asked, details)
        return details

    async def _of_symbol(self, symbol: str) -> list[Instrument]:
        answers: list[ContractDetails] = []
        queries = candidates_for(symbol, today=self._today())
        many = len(queries) > 1 or symbol in self._missed
        for query in queries:
            with contextlib.suppress(ContractNotFoundError):
                answers += await self._gateway.details(symbol, query, is_one_of_many=many)
        found: dict[InstrumentId, Instrument] = {}
        for details in distinct(answers):
            instrument = instrument_of(details, asked=None)
            found.setdefault(instrument.id, instrument)
            self._remember(instrument.id, details)
        return list(found.values())

    def _remember(self, instrument_id: InstrumentId, details: ContractDetails) -> None:
        contract = details.contract or Contract()
        # A future can be asked for two years after its end, if one says so.
        contract.includeExpired = contract.secType == "FUT"
        self._known.setdefault(instrument_id, Listing(contract, price_decimals(details)))

    def _today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self._clock.now() // 10**9, dt.UTC).date()
