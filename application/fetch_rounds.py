"""Takes from other processes' way what they are fetching, and fetches the rest in rounds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from application.catalog import Catalog
from application.fetch_instruments import SourceInstruments
from application.fetch_notices import tell_before
from application.fetch_plan import SeriesPlan
from application.fetch_planner import Planner
from application.fetch_request import FetchItem, FetchOutcome, FetchRequest, SeriesOutcome
from application.fetch_run import FetchRun
from application.fetch_texts import busy_text, kept_text
from application.space import ensure_space, revisions_needed, space_needed
from domain.availability import Availability
from domain.errors import (
    AmbiguousSymbolError,
    BarledgerError,
    CatalogBusyError,
    ContractNotFoundError,
)
from domain.instrument import InstrumentId, Series
from domain.ports import Clock, MarketDataSource, Progress, TradingCalendar
from domain.upkeep import DiskSpace

# How long another process may be at a series without anything new of it being held.
_PATIENCE_SECONDS = 600.0
_LOOK_SECONDS = 1.0
# The lock of each series that is fetched at the same time is a file that is open.
_SERIES_AT_ONCE = 200
# What keeps an instrument from being told; the gateway itself can be asked about others.
_NOT_TOLD = (AmbiguousSymbolError, ContractNotFoundError)


@attrs.frozen
class Means:
    """What a fetch works with."""

    catalog: Catalog
    source: MarketDataSource
    calendar: TradingCalendar
    clock: Clock
    progress: Progress
    disk: DiskSpace


@attrs.frozen
class Target:
    """A series that is wanted; `name` is the instrument as it was typed."""

    name: str
    series: Series


class Rounds:
    """Fetches what is free, then what other processes have let go of, until nothing is left.

    No lock is held while another is waited for, so that no two processes wait for each other.
    """

    def __init__(self, means: Means, request: FetchRequest) -> None:
        self._means = means
        self._request = request
        self._instruments = SourceInstruments(means.catalog, means.source)
        self._pending: list[Target] = []
        self._outcomes: dict[Series, SeriesOutcome] = {}
        self._errors: list[BarledgerError] = []
        self._plans: dict[Series, tuple[int, SeriesPlan]] = {}
        self._busy: list[Target] = []
        self._told: set[Series] = set()
        self._seen: object = None
        self._seen_at = 0.0

    def resolve(self, item: FetchItem) -> InstrumentId | None:
        """Return the instrument that is meant; see `SourceInstruments`.

        None where it cannot be told, and others can be fetched: that is raised at the end.
        """
        try:
            return self._instruments.resolve(item)
        except _NOT_TOLD as error:
            self._reject(error)
            return None

    def _reject(self, error: BarledgerError) -> None:
        """Take note of an instrument that cannot be told, or end where all are needed."""
        if self._request.needs_all:
            raise error
        self._errors.append(error)

    def run(self, targets: Sequence[Target]) -> FetchOutcome:
        """Fetch all that is missing of `targets`; see `FetchBars.run`."""
        self._pending = list(targets)
        try:
            plans = list(self._planned(targets))
            tell_before(self._means.progress, plans, self._request.hours, self._errors)
            self._ensure_space(plans)
            patience = 0.0
            while self._pending:
                patience = 0.0 if self._round(patience) else _LOOK_SECONDS
                self._plans.clear()
        except BarledgerError as error:
            self._end(error, self._errors, targets)
            raise
        if self._errors:
            first, *others = self._errors
            self._end(first, others, targets)
            raise first
        return self._outcome(targets)

    def _end(
        self, error: BarledgerError, others: Sequence[BarledgerError], targets: Sequence[Target]
    ) -> None:
        """Let an error tell what was done; only one can be raised, so `others` are told here."""
        for one in others:
            self._means.progress.warn(f"{one.message} {one.recovery}")
        error.done = self._outcome(targets).document()

    def _outcome(self, targets: Iterable[Target]) -> FetchOutcome:
        found = (self._outcomes.get(one.series) for one in targets)
        return FetchOutcome(tuple(one for one in found if one))

    def _planned(self, targets: Iterable[Target]) -> Iterator[SeriesPlan]:
        """Yield what is wanted of `targets`; those of which nothing is are done with."""
        availability = self._means.catalog.availability()
        planner = self._planner()
        for one in list(targets):
            try:
                plan = self._plan(planner, one, availability)
            except _NOT_TOLD as error:
                self._reject(error)
                self._forget(one.series)
                continue
            if plan.parts:
                yield plan
            else:
                self._finish(self._nothing_wanted(plan))

    def _nothing_wanted(self, plan: SeriesPlan) -> SeriesOutcome:
        first, last = plan.dates or (None, None)
        outcome = SeriesOutcome(
            plan.series,
            plan.name,
            first,
            last,
            days_held=plan.held,
            early=tuple(one.date for one in plan.early),
            history_start=plan.holdings.history_start,
            is_to_come=plan.is_to_come,
        )
        left, source = plan.unreplaced, self._means.source.name()
        if not left:
            return outcome
        told = kept_text(plan.name, left, source, replacing=True)
        self._means.progress.warn(told)
        return attrs.evolve(outcome, left=left, joined=told)

    def _plan(self, planner: Planner, target: Target, availability: Availability) -> SeriesPlan:
        """Return what is wanted of a series; within a round what was planned stands.

        It does as long as nobody has written to the catalog.
        """
        head, plan = self._plans.get(target.series, (-1, None))
        if plan is None or head != availability.head:
            plan = planner.plan(target.name, target.series, availability)
            if plan.parts:
                plan = self._instruments.defined(plan, availability)
            self._plans[target.series] = availability.head, plan
        return plan

    def _planner(self) -> Planner:
        means, request = self._means, self._request
        return Planner(
            means.calendar,
            means.source.name(),
            means.clock.now(),
            request.window,
            request.hours,
            request.refetch,
            request.keep,
            request.update,
        )

    def _finish(self, outcome: SeriesOutcome) -> None:
        self._outcomes.setdefault(outcome.series, outcome)
        self._forget(outcome.series)

    def _forget(self, series: Series) -> None:
        self._pending = [one for one in self._pending if one.series != series]

    def _ensure_space(self, plans: Iterable[SeriesPlan]) -> None:
        files = [
            bars
            for plan in plans
            for bars in revisions_needed(plan.holdings, plan.bars_expected(), _digits(plan))
        ]
        ensure_space(self._means.disk, space_needed(files))

    def _round(self, patience: float) -> bool:
        """Fetch what no other process is fetching; return whether there was any of it.

        For the first series its lock is waited for so many seconds.
        """
        locks: dict[Series, contextlib.ExitStack] = {}
        self._busy = []
        with contextlib.ExitStack() as all_locks:
            for plan in self._planned(self._pending):
                lock = all_locks.enter_context(contextlib.ExitStack())
                seconds = 0.0 if locks else patience
                if lock.enter_context(self._means.catalog.fetching(plan.series, seconds)):
                    locks[plan.series] = lock
                else:
                    self._busy.append(Target(plan.name, plan.series))
                patience = 0.0
                if len(locks) == _SERIES_AT_ONCE:
                    break
            # What was fetched until a lock was free is not fetched again.
            plans = list(self._planned([one for one in self._pending if one.series in locks]))
            if plans:
                self._fetch(plans, locks)
        self._watch(got_on=bool(locks))
        return bool(locks)

    def _fetch(
        self, plans: Sequence[SeriesPlan], locks: Mapping[Series, contextlib.ExitStack]
    ) -> None:
        self._ensure_space(plans)
        means = self._means
        run = FetchRun(
            means.catalog,
            means.source,
            means.progress,
            means.clock,
            self._request.keep,
            lambda series: locks[series].close(),
        )
        try:
            run.run(plans)
        finally:
            for outcome in run.outcomes():
                self._finish(outcome)
            self._errors += run.errors()

    def _watch(self, *, got_on: bool) -> None:
        """Tell what is waited for, and give up where another process does not get on.

        Raises:
            CatalogBusyError: nothing new has been held for a long time.
        """
        for one in self._busy:
            if one.series not in self._told:
                self._told.add(one.series)
                self._means.progress.tell(busy_text(one.series))
        now, held = self._means.clock.elapsed(), self._held()
        if got_on or not self._busy or held != self._seen:
            self._seen, self._seen_at = held, now
        elif now - self._seen_at >= _PATIENCE_SECONDS:
            raise CatalogBusyError(
                f"Another process has been fetching {self._busy[0].series}, and has kept "
                f"nothing new of it for {_PATIENCE_SECONDS / 60:.0f} minutes.",
                "End that process, then run the command again.",
            )

    def _held(self) -> object:
        """Return what tells whether anything new of the series that are waited for is held."""
        availability = self._means.catalog.availability()
        held = (availability.holdings(one.series) for one in self._busy)
        return [(one.updated, one.confirmed_empty, one.history_start) for one in held]


def _digits(plan: SeriesPlan) -> tuple[int, int]:
    known = plan.instrument
    return (known.price_precision, known.size_precision) if known else (0, 0)
