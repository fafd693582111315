"""The only place where parts are wired. Heavy libraries are imported when a part is first used."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dependency_injector import containers, providers

from entrypoints.logs import log

if TYPE_CHECKING:
    from adapters.simulated_gateway.faults import Fault
    from adapters.simulated_gateway.server import SimulatedGateway
    from adapters.sqlite.row_problem_log import SqliteProblemLogs
    from application.catalog import Catalog
    from application.served_bars import ServedSeries
    from domain.bar_files import BarFileReader, NewProblemLog
    from domain.events import Origin
    from domain.exporting import BarWriter, NewFiles
    from domain.fetching import Answer
    from domain.ports import (
        AvailabilityLedger,
        BacktestEngine,
        BarRepository,
        Clock,
        MarketDataSource,
        Progress,
        TradingCalendar,
    )
    from domain.publishing import OnStep, Step
    from domain.sessions import Stamp
    from domain.upkeep import CatalogFiles, DiskSpace, LedgerKeeper, NewLedger, RevisionHistory
    from entrypoints.cli.gateway_options import GatewayChoice

LEDGER_FILE = "ledger.db"


def _clock() -> Clock:
    from adapters.system.clock import SystemClock

    return SystemClock()


def _origin(command: str) -> Origin:
    from adapters.system.clock import origin

    return origin(command)


def _log_step(step: Step) -> None:
    log("publishing", step=step.value)


def _repository(root: Path, on_step: OnStep, progress: Progress) -> BarRepository:
    from adapters.parquet.repository import ParquetBarRepository

    return ParquetBarRepository(root, on_step, progress.stand)


def _files(root: Path) -> CatalogFiles:
    from adapters.parquet.inspection import ParquetCatalogFiles

    return ParquetCatalogFiles(root)


def _ledger(root: Path, clock: Clock, on_step: OnStep, progress: Progress) -> AvailabilityLedger:
    from adapters.sqlite.ledger import SqliteLedger

    return SqliteLedger(root / LEDGER_FILE, clock, on_step, progress.stand)


def _ledger_keeper(root: Path, progress: Progress) -> LedgerKeeper:
    from adapters.sqlite.keeper import SqliteLedgerKeeper

    return SqliteLedgerKeeper(root / LEDGER_FILE, progress.stand)


def _new_ledger(root: Path, clock: Clock) -> NewLedger:
    from adapters.sqlite.new_ledger import SqliteNewLedger

    return SqliteNewLedger(root / LEDGER_FILE, clock)


def _catalog(
    repository: BarRepository,
    ledger: AvailabilityLedger,
    files: CatalogFiles,
    origin: Origin,
    progress: Progress,
    cache_bytes: int | None = None,
) -> Catalog:
    from application.catalog import Catalog
    from application.partition_cache import DEFAULT_BYTES, PartitionCache

    cache = PartitionCache(DEFAULT_BYTES if cache_bytes is None else cache_bytes)
    return Catalog(repository, ledger, files, origin, cache, progress.warn)


def _calendar() -> TradingCalendar:
    from adapters.calendars.edition import edition
    from adapters.calendars.kept_files import KeptFiles
    from adapters.calendars.market_calendars import MarketCalendars

    # Without what was kept a command is slower, and never wrong: a log line is enough.
    kept = KeptFiles(
        _cache_folder() / "calendars", edition, lambda problem: log("cache", problem=problem)
    )
    return MarketCalendars(kept)


def _cache_folder() -> Path:
    """Return the folder of what can be made anew: $BARLEDGER_CACHE_DIR, or the user's own."""
    named = os.environ.get("BARLEDGER_CACHE_DIR")
    if named:
        return Path(named).absolute()
    from platformdirs import user_cache_path

    return user_cache_path("barledger")


def _revision_history(root: Path, progress: Progress) -> RevisionHistory:
    from adapters.parquet.history import ParquetRevisionHistory

    return ParquetRevisionHistory(root, tell=progress.stand)


def _disk(root: Path) -> DiskSpace:
    from adapters.system.disk import SystemDiskSpace

    return SystemDiskSpace(root)


def _problem_logs() -> SqliteProblemLogs:
    from adapters.sqlite.row_problem_log import SqliteProblemLogs

    return SqliteProblemLogs()


def _csv_reader(new_problem_log: NewProblemLog) -> BarFileReader:
    from adapters.csv.reader import CsvBarFileReader

    return CsvBarFileReader(new_problem_log)


def _csv_writer(stamp: Stamp, time_zone: str | None) -> BarWriter:
    from adapters.csv.writer import CsvBarWriter

    return CsvBarWriter(stamp, time_zone)


def _new_files(root: Path) -> NewFiles:
    from adapters.system.new_files import SystemNewFiles
    from entrypoints.cli.screen import copy_to_output

    return SystemNewFiles(root, copy_to_output)


def _source(gateway: GatewayChoice | None, clock: Clock, progress: Progress) -> MarketDataSource:
    from adapters.ibkr.address import Address
    from adapters.ibkr.gateway_folder import GatewayFolder
    from adapters.ibkr.source import IbkrMarketDataSource
    from entrypoints.cli.gateway_options import GatewayChoice
    from entrypoints.patience import patience

    at = gateway or GatewayChoice()
    return IbkrMarketDataSource(
        Address(at.host, at.port, at.client_id),
        GatewayFolder(_cache_folder() / "gateways", at.host, at.port, progress.warn),
        clock,
        patience(os.environ),
        lambda sentence: log("gateway", told=sentence),
        functools.partial(_show_wait, progress),
    )


def _show_wait(progress: Progress, answer: Answer) -> None:
    from application.fetch_texts import waiting_text
    from domain.fetching import Waiting

    if isinstance(answer, Waiting):
        text = waiting_text(answer, "IBKR") if answer.seconds else None
        progress.stand(text, answer.seconds, paced=answer.is_paced)


def _engine() -> BacktestEngine:
    from adapters.nautilus.engine import NautilusBacktestEngine

    return NautilusBacktestEngine()


def _simulated_gateway(
    calendar: TradingCalendar,
    served: Sequence[ServedSeries],
    now: Callable[[], int],
    faults: Sequence[Fault],
    host: str,
    port: int,
    **options: Any,
) -> SimulatedGateway:
    from adapters.simulated_gateway.market import Market, con_id_of, listing_of
    from adapters.simulated_gateway.server import SimulatedGateway

    instruments = {one.instrument.id: one.instrument for one in served}
    listings = [listing_of(one, con_id_of(one.id)) for one in instruments.values()]
    market = Market(listings, {one.series: one.bars for one in served})
    return SimulatedGateway(market, calendar, now, faults, host, port, **options)


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
    repository = providers.Singleton(_repository, config.root, on_step, progress)
    files = providers.Singleton(_files, config.root)
    ledger = providers.Singleton(_ledger, config.root, clock, on_step, progress)
    ledger_keeper = providers.Singleton(_ledger_keeper, config.root, progress)
    new_ledger = providers.Singleton(_new_ledger, config.root, clock)
    catalog = providers.Singleton(_catalog, repository, ledger, files, origin, progress)
    calendar = providers.Singleton(_calendar)
    problem_logs = providers.Singleton(_problem_logs)
    csv_reader = providers.Singleton(_csv_reader, problem_logs)
    ledger_keeper_in = providers.Callable(functools.partial, _ledger_keeper, progress=progress)
    revision_history = providers.Singleton(_revision_history, config.root, progress)
    disk = providers.Singleton(_disk, config.root)
    disk_at = providers.Object(_disk)
    engine = providers.Singleton(_engine)
    gateway: providers.Object[GatewayChoice | None] = providers.Object(None)
    source = providers.Singleton(_source, gateway, clock, progress)
    csv_writer = providers.Factory(_csv_writer)
    new_files = providers.Singleton(_new_files, config.root)
    # For whoever needs each partition once, and no more than one in memory.
    catalog_read_once = providers.Singleton(
        _catalog, repository, ledger, files, origin, progress, 0
    )

    import_csv = providers.Factory(
        _use_case, "import_csv", "ImportCsv", catalog, csv_reader, calendar, clock, progress, disk
    )
    read_served_bars = providers.Factory(
        _use_case,
        "served_bars",
        "ReadServedBars",
        catalog_read_once,
        csv_reader,
        calendar,
        progress,
    )
    simulated_gateway = providers.Factory(_simulated_gateway, calendar)
    fetch_bars = providers.Factory(
        _use_case, "fetch", "FetchBars", catalog, source, calendar, clock, progress, disk
    )
    export_bars = providers.Factory(
        _use_case, "export", "ExportBars", catalog_read_once, new_files, progress
    )
    list_series = providers.Factory(
        _use_case, "list_series", "ListSeries", catalog, files, calendar, clock, progress
    )
    audit_log = providers.Factory(_use_case, "audit", "AuditLog", catalog, ledger, progress)
    trace_bars = providers.Factory(_use_case, "bar_changes", "TraceBars", catalog, ledger, progress)
    check_availability = providers.Factory(
        _use_case,
        "check_availability",
        "CheckAvailability",
        catalog,
        files,
        calendar,
        clock,
        progress,
    )
    session_details = providers.Factory(_use_case, "session_details", "SessionDetails", catalog)
    verify_catalog = providers.Factory(
        _use_case, "verify", "VerifyCatalog", catalog, repository, files, progress, disk
    )
    rebuild_ledger = providers.Factory(
        _use_case,
        "rebuild_ledger",
        "RebuildLedger",
        repository,
        ledger,
        ledger_keeper,
        new_ledger,
        files,
        revision_history,
        origin,
        progress,
        disk,
    )
    define_instrument = providers.Factory(
        _use_case, "instruments", "DefineInstrument", catalog, calendar
    )
    venue_calendars = providers.Factory(
        _use_case, "venue_calendars", "VenueCalendars", catalog, calendar
    )
    run_backtest = providers.Factory(
        _use_case,
        "backtest",
        "RunBacktest",
        catalog,
        engine,
        calendar,
        clock,
        progress,
        fetch_bars,
    )
    remove_bars = providers.Factory(_use_case, "remove_bars", "RemoveBars", catalog, disk, progress)
    restore_bars = providers.Factory(
        _use_case, "restore_bars", "RestoreBars", catalog, disk, progress
    )
    discard_history = providers.Factory(
        _use_case,
        "discard_history",
        "DiscardHistory",
        catalog,
        repository,
        revision_history,
        files,
        clock,
        progress,
    )
    back_up = providers.Factory(
        _use_case,
        "back_up",
        "BackUp",
        catalog,
        ledger,
        revision_history,
        ledger_keeper,
        ledger_keeper_in,
        disk_at,
        progress,
    )


def wire(
    root: Path, command: str, progress: object, gateway: GatewayChoice | None = None
) -> Container:
    """Return the parts for one run of `command` on the catalog in `root`."""
    container = Container(progress=providers.Object(progress), gateway=providers.Object(gateway))
    # Wherever a strategy changes the working directory to, the catalog stays the one named.
    container.config.from_dict({"root": Path(os.path.abspath(root)), "command": command})  # noqa: PTH100 - links stay as the user wrote them
    return container
