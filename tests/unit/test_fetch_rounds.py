"""Two processes that want the same series do not fetch it twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from adapters.memory.bar_repository import MemoryBarRepository
from adapters.memory.clock import MemoryClock
from adapters.memory.disk_space import MemoryDiskSpace
from adapters.memory.market_data_source import MemoryMarketDataSource
from adapters.memory.progress import MemoryProgress
from adapters.memory.trading_calendar import MemoryTradingCalendar
from adapters.parquet.inspection import ParquetCatalogFiles
from adapters.parquet.repository import ParquetBarRepository
from adapters.sqlite.ledger import SqliteLedger
from application.catalog import Catalog
from application.fetch import FetchBars
from application.fetch_plan import SeriesPlan
from application.fetch_planner import Planner
from application.fetch_request import FetchOutcome
from application.partition_cache import PartitionCache
from domain.availability import Availability
from domain.bars import Bars
from domain.errors import CatalogBusyError, GatewayLostError
from domain.events import FetchAborted, FetchStarted
from domain.fetching import Answer, Wanted
from domain.instrument import InstrumentId, Series
from domain.window import Window
from tests.builders import AAPL, MSFT, ORIGIN
from tests.fetching import NOW, SESSIONS, Desk, session_minutes, share, window_of
from tests.memory_catalog import same, window

ALL = session_minutes(SESSIONS)
SERVED = {AAPL: ALL, MSFT: session_minutes(SESSIONS, price=40_000)}
WINDOW = window("2024-01-02", "2024-01-31")
_LONG = 60


class _Turns(MemoryMarketDataSource):
    """A source whose second answer waits until it may go on, or fails in place of it."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__([share(AAPL), share(MSFT)], SERVED, now=NOW, sessions=4)
        self.fails = fails
        self.begun = threading.Event()
        self.may_go_on = threading.Event()

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        for number, answer in enumerate(super().fetch(wanted)):
            if number == 3:
                self.begun.set()
                assert self.may_go_on.wait(_LONG)
                if self.fails:
                    raise GatewayLostError("lost", "again")
            yield answer


@attrs.define
class _Process:
    """What a process of its own would have: nothing but the folder is shared."""

    root: Path
    source: _Turns | MemoryMarketDataSource
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)
    outcome: FetchOutcome | None = None
    error: BaseException | None = None

    @property
    def catalog(self) -> Catalog:
        ledger = SqliteLedger(self.root / "ledger.db", MemoryClock(NOW))
        repository, files = ParquetBarRepository(self.root), ParquetCatalogFiles(self.root)
        return Catalog(repository, ledger, files, ORIGIN, PartitionCache(), print)

    def fetch(self, series: Sequence[Series]) -> None:
        calendar = MemoryTradingCalendar({"here": SESSIONS}, {"NASDAQ": "here"})
        clock, disk = MemoryClock(NOW), MemoryDiskSpace()
        use_case = FetchBars(self.catalog, self.source, calendar, clock, self.progress, disk)
        try:
            self.outcome = use_case.fetch_missing(
                [(str(one.instrument_id), one) for one in series], WINDOW
            )
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.error = error

    def start(self, *series: Series) -> threading.Thread:
        thread = threading.Thread(target=self.fetch, args=[series], daemon=True)
        thread.start()
        return thread


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "catalog"


def _held(root: Path, series: Series) -> Bars:
    catalog = _Process(root, _Turns()).catalog
    return Bars.concat(catalog.load(catalog.availability().holdings(series), Window()))


def _source() -> MemoryMarketDataSource:
    return MemoryMarketDataSource([share(AAPL), share(MSFT)], SERVED, now=NOW)


def _expected(series: Series) -> Bars:
    first, last = (one for one in SESSIONS if f"{one.date}" in ("2024-01-02", "2024-01-31"))
    return window_of(SERVED[series], first, last)


def _join(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(_LONG)
        assert not thread.is_alive()


def test_who_comes_second_fetches_the_rest_and_waits_for_what_another_fetches(root: Path) -> None:
    first, second = _Process(root, _Turns()), _Process(root, _source())
    one = first.start(AAPL)
    assert first.source.begun.wait(_LONG)  # type: ignore[attr-defined]
    two = second.start(AAPL, MSFT)
    waits = "Another barledger is fetching AAPL.NASDAQ 1-minute bars; waiting for it."
    while waits not in second.progress.told:
        assert two.is_alive()
        two.join(0.05)
    assert [[w.series for w in request] for request in second.source.requests] == [[MSFT]]
    first.source.may_go_on.set()  # type: ignore[attr-defined]
    _join(one, two)
    assert (first.error, second.error) == (None, None)
    assert second.progress.told == ["Fetching MSFT.NASDAQ 1-minute bars from MEMORY", waits]
    assert len(second.source.requests) == 1
    assert second.outcome is not None
    assert [one.bars_fetched for one in second.outcome.series] == [0, len(_expected(MSFT))]
    for series in (AAPL, MSFT):
        assert same(_held(root, series), _expected(series))


def test_what_another_process_could_not_finish_is_fetched_by_who_waited(root: Path) -> None:
    first, second = _Process(root, _Turns(fails=True)), _Process(root, _source())
    one = first.start(AAPL)
    assert first.source.begun.wait(_LONG)  # type: ignore[attr-defined]
    two = second.start(AAPL)
    waits = "Another barledger is fetching AAPL.NASDAQ 1-minute bars; waiting for it."
    while waits not in second.progress.told:
        assert two.is_alive()
        two.join(0.05)
    first.source.may_go_on.set()  # type: ignore[attr-defined]
    _join(one, two)
    assert isinstance(first.error, GatewayLostError)
    assert second.error is None
    (request,) = second.source.requests
    assert len(request[0].sessions) == len(_expected(AAPL)) // 390 - 8
    assert same(_held(root, AAPL), _expected(AAPL))


def test_processes_that_want_overlapping_series_all_end(root: Path) -> None:
    processes = [_Process(root, _source()) for _ in range(4)]
    wants = [(AAPL, MSFT), (MSFT, AAPL), (AAPL,), (MSFT,)]
    threads = [one.start(*series) for one, series in zip(processes, wants, strict=True)]
    _join(*threads)
    assert [one.error for one in processes] == [None] * 4
    fetched = [w.series for one in processes for request in one.source.requests for w in request]
    assert sorted(fetched) == [AAPL, MSFT]


def test_who_imports_is_not_kept_waiting_nor_disturbed(root: Path) -> None:
    catalog = _Process(root, _source()).catalog
    catalog.register(share(AAPL))
    with catalog.writing(AAPL) as writer:
        # The fetch records that it began, while the other writes.
        catalog.record([FetchStarted(AAPL, "memory", 0, 1, 1, "regular")])
        catalog.record([FetchAborted(AAPL, "memory", 0, 0, 0, "lost")])
        assert writer.record([]) == ()
        writer.commit({}, (), _Task())


class _Task:
    def advance(self, steps: int) -> None:
        """Take no notice."""


class _HurryingClock(MemoryClock):
    """A clock by which minutes pass between two looks at it."""

    def elapsed(self) -> float:
        self.advance(250 * 10**9)
        return super().elapsed()

    def now(self) -> int:
        return NOW


def test_a_process_that_does_not_get_on_is_not_waited_for_for_ever() -> None:
    desk = Desk({AAPL: ALL})
    desk.memory.clock = _HurryingClock(NOW)
    with (
        desk.memory.repository.fetching(AAPL),
        pytest.raises(CatalogBusyError, match="nothing new of it for 10 minutes"),
    ):
        desk.fetch()
    assert desk.source.requests == []


class _Recording(MemoryBarRepository):
    """Remembers which series were being fetched, and which were let go of, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    @contextlib.contextmanager
    def fetching(self, series: Series, seconds: float = 0) -> Iterator[bool]:
        with super().fetching(series, seconds) as had:
            yield had
        self.log.append(f"{series.instrument_id.symbol} is free")


def test_a_series_that_is_done_is_let_go_of_while_others_go_on() -> None:
    desk = Desk({AAPL: ALL, MSFT: SERVED[MSFT]})
    desk.memory = attrs.evolve(desk.memory, repository=_Recording())
    desk.fetch("2024-01-02", "2024-01-03", AAPL)
    log = desk.memory.repository.log  # type: ignore[attr-defined]
    log.clear()
    # Of one series one session is wanted, of the other many.
    desk.use_case.fetch_missing(
        [("AAPL", AAPL), ("MSFT", MSFT)], window("2024-01-02", "2024-01-04")
    )
    assert log == ["AAPL is free", "MSFT is free"]


class _Counting(MemoryBarRepository):
    """Counts how many series are being fetched at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    @contextlib.contextmanager
    def fetching(self, series: Series, seconds: float = 0) -> Iterator[bool]:
        with super().fetching(series, seconds) as had:
            self.now += 1
            self.most = max(self.most, self.now)
            yield had
        self.now -= 1


def test_many_series_are_fetched_in_rounds_so_that_files_do_not_run_out() -> None:
    many = [Series(InstrumentId(f"T{number}", "NASDAQ"), AAPL.bar_type) for number in range(450)]
    few = window_of(ALL, SESSIONS[20], SESSIONS[20])
    desk = Desk(dict.fromkeys(many, few))
    desk.memory = attrs.evolve(desk.memory, repository=_Counting())
    date = f"{SESSIONS[20].date}"
    outcome = desk.fetch(date, date)
    assert [one.series for one in outcome.series] == many
    assert all(one.days_written == 1 for one in outcome.series)
    assert [len(request) for request in desk.source.requests] == [200, 200, 50]
    assert desk.memory.repository.most == 200  # type: ignore[attr-defined]
    # Nobody else is fetching.
    assert not any("Another" in one for one in desk.memory.progress.told)


def test_a_series_is_planned_once_where_nobody_else_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planned: list[Series] = []
    plan = Planner.plan

    def counted(self: Planner, name: str, series: Series, held: Availability) -> SeriesPlan:
        planned.append(series)
        return plan(self, name, series, held)

    monkeypatch.setattr(Planner, "plan", counted)
    desk = Desk(SERVED)
    desk.fetch("2024-01-02", "2024-01-03")
    assert sorted(planned) == [AAPL, MSFT]
