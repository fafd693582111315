"""The only place where parts are wired. Heavy libraries are imported when a part is first used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dependency_injector import containers, providers

from entrypoints.logs import log

if TYPE_CHECKING:
    from application.catalog import Catalog
    from domain.events import Origin
    from domain.ports import (
        AvailabilityLedger,
        BacktestEngine,
        BarFileReader,
        BarRepository,
        CatalogFiles,
        Clock,
        TradingCalendar,
    )
    from domain.publishing import OnStep, Step

LEDGER_FILE = "ledger.db"


def _clock() -> Clock:
    from adapters.system.clock import SystemClock

    return SystemClock()


def _origin(command: str) -> Origin:
    from adapters.system.clock import origin

    return origin(command)


def _log_step(step: Step) -> None:
    log("publishing", step=step.value)


def _repository(root: Path, on_step: OnStep) -> BarRepository:
    from adapters.parquet.repository import ParquetBarRepository

    return ParquetBarRepository(root, on_step)


def _files(root: Path) -> CatalogFiles:
    from adapters.parquet.inspection import ParquetCatalogFiles

    return ParquetCatalogFiles(root)


def _ledger(root: Path, clock: Clock, on_step: OnStep) -> AvailabilityLedger:
    from adapters.sqlite.ledger import SqliteLedger

    return SqliteLedger(root / LEDGER_FILE, clock, on_step)


def _catalog(
    repository: BarRepository, ledger: AvailabilityLedger, files: CatalogFiles, origin: Origin
) -> Catalog:
    from application.catalog import Catalog
    from application.partition_cache import PartitionCache

    return Catalog(repository, ledger, files, origin, PartitionCache())


def _calendar() -> TradingCalendar:
    from adapters.calendars.market_calendars import MarketCalendars

    return MarketCalendars()


def _csv_reader() -> BarFileReader:
    from adapters.csv.reader import CsvBarFileReader

    return CsvBarFileReader()


def _engine() -> BacktestEngine:
    from adapters.nautilus.engine import NautilusBacktestEngine

    return NautilusBacktestEngine()


def _use_case(module: str, name: str, *parts: Any) -> Any:
    from importlib import import_module

    return getattr(import_module(f"application.{module}"), name)(*parts)


class Container(containers.DeclarativeContainer):
    """barledger's parts. `config.root` is the catalog's folder, `config.command` the command."""

    config = providers.Configuration()
    progress: providers.Dependency[object] = providers.Dependency()

    clock = providers.Singleton(_clock)
    origin = providers.Singleton(_origin, config.command)
    on_step: providers.Object[OnStep] = providers.Object(_log_step)
    repository = providers.Singleton(_repository, config.root, on_step)
    files = providers.Singleton(_files, config.root)
    ledger = providers.Singleton(_ledger, config.root, clock, on_step)
    catalog = providers.Singleton(_catalog, repository, ledger, files, origin)
    calendar = providers.Singleton(_calendar)
    csv_reader = providers.Singleton(_csv_reader)
    engine = providers.Singleton(_engine)

    import_csv = providers.Factory(
        _use_case, "import_csv", "ImportCsv", catalog, csv_reader, calendar, clock, progress
    )
    list_series = providers.Factory(_use_case, "list_series", "ListSeries", catalog)
    define_instrument = providers.Factory(
        _use_case, "instruments", "DefineInstrument", catalog, calendar
    )
    run_backtest = providers.Factory(
        _use_case, "backtest", "RunBacktest", catalog, engine, calendar, clock, progress
    )


def wire(root: Path, command: str, progress: object) -> Container:
    """Return the parts for one run of `command` on the catalog in `root`."""
    container = Container(progress=providers.Object(progress))
    # Wherever a strategy changes the working directory to, the catalog stays the one named.
    container.config.from_dict({"root": Path(os.path.abspath(root)), "command": command})  # noqa: PTH100 - links stay as the user wrote them
    return container
