"""Fetches what is missing of many series, so that no two processes fetch the same."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from application.catalog import Catalog
from application.fetch_request import FetchItem, FetchOutcome, FetchRequest, Keep
from application.fetch_rounds import Means, Rounds, Target
from domain.instrument import InstrumentId, Series
from domain.ports import Clock, MarketDataSource, Progress, TradingCalendar
from domain.upkeep import DiskSpace
from domain.window import Window


class FetchBars:
    """The use case."""

    def __init__(
        self,
        catalog: Catalog,
        source: MarketDataSource,
        calendar: TradingCalendar,
        clock: Clock,
        progress: Progress,
        disk: DiskSpace,
    ) -> None:
        self._means = Means(catalog, source, calendar, clock, progress, disk)

    def run(self, request: FetchRequest) -> FetchOutcome:
        """Fetch what is missing of all that is asked for; days are kept as they complete.

        Where one series fails, or its instrument is not known, the others go on; the first error
        is raised at the end, after a warning of each other one. Its `done` tells what was
        finished, as it does whenever a fetch ends early.

        Raises:
            NothingHeldError: no range was named, and nothing is held to take one from.
            AmbiguousSymbolError, ContractNotFoundError: an instrument cannot be told.
            NotEnoughSpaceError: the disk has less room than the bars need; none was fetched.
            LevelDifferenceError: prices differ in level from held ones of another source.
            GatewayError: the source cannot be asked, or gave no answer that can be used.
            CatalogBusyError: another process fetches the same and does not get on.
            CatalogError, LedgerError: the catalog cannot be written.
        """
        rounds = Rounds(self._means, request)
        names: dict[str, InstrumentId] = {}
        targets: dict[Series, Target] = {}
        for item in request.items:
            found = rounds.resolve(item)
            if found is not None:
                names[item.name] = found
                series = Series(found, item.bar_type)
                targets.setdefault(series, Target(item.name, series))
        return attrs.evolve(rounds.run(list(targets.values())), names=names)

    def fetch_missing(
        self, series: Sequence[tuple[str, Series]], window: Window, keep: Keep | None = None
    ) -> FetchOutcome:
        """Fetch what is missing of `series`, each with its instrument's name as it was typed.

        Raises:
            what `run` raises.
        """
        items = [FetchItem(name, one.bar_type, one.instrument_id) for name, one in series]
        return self.run(FetchRequest(tuple(items), window, keep=keep))
