"""What instruments are that a fetch is for: as the catalog defines them, or else the source."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from application.catalog import Catalog
from application.fetch_plan import SeriesPlan
from application.fetch_request import FetchItem
from application.fetch_texts import ambiguous_symbol, contract_not_found
from application.instruments import resolve
from domain.availability import Availability
from domain.errors import DataNotFoundError, GatewayError
from domain.instrument import Instrument, InstrumentId
from domain.ports import MarketDataSource


class SourceInstruments:
    """Asks the source about what the catalog does not know, and about each only once."""

    def __init__(self, catalog: Catalog, source: MarketDataSource) -> None:
        self._catalog = catalog
        self._source = source
        self._found: dict[InstrumentId, Instrument] = {}

    def resolve(self, item: FetchItem) -> InstrumentId:
        """Return the instrument that is meant.

        Raises:
            InvalidInstrumentIdError: the name is neither an ID nor a symbol.
            AmbiguousSymbolError: it is a symbol that several venues know.
            ContractNotFoundError: nobody knows it.
            GatewayError: the source could not be asked.
        """
        if item.instrument_id is not None:
            return item.instrument_id
        try:
            return resolve(item.name, self._catalog.availability())
        except DataNotFoundError:
            return self._ask(item.name)

    def _ask(self, name: str) -> InstrumentId:
        found = {one.id: one for one in self._source.find(name)}
        if not found:
            raise contract_not_found(name, self._source.name())
        if len(found) > 1:
            raise ambiguous_symbol(name, sorted(found), self._source.name())
        self._found.update(found)
        return next(iter(found))

    def defined(self, plan: SeriesPlan, availability: Availability) -> SeriesPlan:
        """Return the plan with the instrument as it is defined, or as the source describes it.

        Raises:
            ContractNotFoundError: nobody knows it.
            GatewayError: the source could not be asked.
        """
        instrument_id = plan.series.instrument_id
        known = availability.instruments.get(instrument_id) or self._found.get(instrument_id)
        if known is None:
            found = self._source.find(str(instrument_id))
            self._found.update((one.id, one) for one in found)
            known = self._found.get(instrument_id)
            if known is None:
                others = found or self._of_symbol(instrument_id)
                raise contract_not_found(plan.name, self._source.name(), others)
        return plan.of(known)

    def _of_symbol(self, instrument_id: InstrumentId) -> Sequence[Instrument]:
        """Return what the source knows by the symbol alone, which may be at another venue."""
        with contextlib.suppress(GatewayError):
            return self._source.find(instrument_id.symbol)
        return ()
