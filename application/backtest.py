"""Runs a strategy over bars of the catalog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import attrs

from application.backtest_bars import Leg, Loading
from application.backtest_errors import lost, not_found, nothing_held
from application.backtest_fetch import BacktestFetch, Fetched, used
from application.backtest_gaps import (
    judged_sessions,
    lacks_sessions,
    missing_text,
    nothing_text,
    notices,
)
from application.catalog import Catalog
from application.fetch import FetchBars
from application.instruments import required_definition
from application.past import Past, past_of, resolve_then
from application.rates import rate_series
from application.trading_window import trading_window
from domain.as_of import AsOf
from domain.availability import Availability
from domain.backtesting import BacktestPlan, BacktestResult, Settings, StrategySpec
from domain.bar_type import BarType
from domain.errors import CorruptPartitionError, DataNotFoundError
from domain.gaps import Judged
from domain.instrument import Instrument, InstrumentId, Series
from domain.ports import BacktestEngine, Clock, Progress, TradingCalendar
from domain.window import Window

# A rate must be known before the first bar: the last one before a long weekend is.
_RATES_BEFORE = dt.timedelta(days=7)


@attrs.frozen
class BacktestRequest:
    """What is to be run: `instruments` as the user typed them, `chunk_days` at a time.

    Bars and definitions are those of today, or `as_of` an earlier point of the history. What is
    lacking is fetched, unless it is to run `offline` or in the past.
    """

    instruments: tuple[str, ...]
    bar_type: BarType
    window: Window
    strategy: StrategySpec
    settings: Settings = attrs.field(factory=Settings)
    report: Path | None = None
    chunk_days: int = 30
    as_of: AsOf | None = None
    offline: bool = False


@attrs.frozen
class BacktestOutcome:
    """The engine's result, where the traded bars came from, and how many seconds it took.

    Bars from the source were fetched for this run; all others were held before.

    `past` is the point of the catalog's history that was asked for, if one was.
    """

    result: BacktestResult
    bars_from_catalog: int
    bars_from_source: int
    seconds_loading: float
    seconds_total: float
    past: Past | None = None


class RunBacktest:
    """The use case: everything is checked before the first bar is loaded."""

    def __init__(
        self,
        catalog: Catalog,
        engine: BacktestEngine,
        calendar: TradingCalendar,
        clock: Clock,
        progress: Progress,
        fetch: FetchBars,
    ) -> None:
        self._catalog = catalog
        self._fetch = BacktestFetch(fetch, calendar, clock)
        self._engine = engine
        self._calendar = calendar
        self._clock = clock
        self._progress = progress

    def run(self, request: BacktestRequest) -> BacktestOutcome:
        """Run the backtest over one snapshot of the catalog, once what it lacks was fetched.

        Raises:
            LevelDifferenceError, GatewayError: what is lacking could not be fetched.
            NothingHeldError, DataNotFoundError: bars are missing.
            CatalogReadOnlyError: they are, and what is fetched cannot be written.
            InvalidAsOfError: the point of the history is yet to come.
            CorruptPartitionError, RevisionDiscardedError: a file is not what was recorded.
            and what `BacktestEngine.check` and `BacktestEngine.run` raise.
        """
        begun = self._clock.elapsed()
        while True:
            try:
                return self._run(request, begun)
            except CorruptPartitionError as error:
                if not self._was_fetched_again(request):
                    raise
                self._progress.warn(
                    f"{error.message} It was fetched again, and the run begins anew."
                )

    def _was_fetched_again(self, request: BacktestRequest) -> bool:
        """Fetch what counts as missing since it was found damaged; return whether it came."""
        if request.offline or request.as_of is not None:
            return False
        return self._fetch_lacking(request, self._catalog.availability()).brought_bars

    def _fetch_lacking(self, request: BacktestRequest, availability: Availability) -> Fetched:
        return self._fetch.run(request.instruments, request.bar_type, request.window, availability)

    def _run(self, request: BacktestRequest, begun: float) -> BacktestOutcome:
        availability = self._catalog.availability(request.as_of)
        past = past_of(request.as_of, availability, self._catalog, self._progress)
        if past:
            self._progress.tell(f"{past}")
        fetched = Fetched()
        if past is None and not request.offline:
            fetched = self._fetch_lacking(request, availability)
            availability = self._catalog.availability()
        traded, rates = self._legs(request, availability, past, fetched)
        plan = _plan(request, traded, rates)
        self._engine.check(plan)
        loading = Loading(self._catalog, self._clock, [*traded, *rates], request.chunk_days)
        for leg in traded:
            self._progress.tell(f"Loading {leg.holdings.series} from Parquet catalog")
        for leg in rates:
            series = leg.holdings.series
            self._progress.tell(f"Loading {series} (exchange rate) from Parquet catalog")
        with self._progress.track("Backtesting", loading.total_bars) as task:
            result = self._engine.run(plan, loading.chunks(task))
        counts = {leg.instrument.id: loading.counts[leg.name] for leg in traded}
        from_source = used(fetched, counts)
        return BacktestOutcome(
            result=result,
            bars_from_catalog=sum(counts.values()) - from_source,
            bars_from_source=from_source,
            seconds_loading=loading.seconds,
            seconds_total=self._clock.elapsed() - begun,
            past=past,
        )

    def _legs(
        self,
        request: BacktestRequest,
        availability: Availability,
        past: Past | None,
        fetched: Fetched,
    ) -> tuple[list[Leg], list[Leg]]:
        """Return the legs to trade, and those that only give exchange rates."""
        names = {_resolved(name, availability, past, fetched): name for name in request.instruments}
        traded = [
            self._traded_leg(name, instrument_id, request, availability, past, fetched)
            for instrument_id, name in names.items()
        ]
        instruments = [leg.instrument for leg in traded]
        found = rate_series(
            instruments, request.settings.base_currency, request.bar_type, availability
        )
        window = _rates_window(request.window, max(leg.edges[1] for leg in traded))
        rates = [
            _leg(str(series), series, one, availability, window, window) for series, one in found
        ]
        return traded, [leg for leg in rates if leg.partitions]

    def _traded_leg(
        self,
        name: str,
        instrument_id: InstrumentId,
        request: BacktestRequest,
        availability: Availability,
        past: Past | None,
        fetched: Fetched,
    ) -> Leg:
        series = Series(instrument_id, request.bar_type)
        held = availability.holdings(series)
        if not held.partitions and request.window.is_open and past is None:
            raise nothing_held(series, availability)
        if not held.partitions:
            detail = f"The Parquet catalog holds no {series}.{lost(held)}"
            detail = f"{detail}{fetched.why_not(series)}"
            raise fetched.unwritable or not_found(name, detail, past)
        instrument = required_definition(instrument_id, availability)
        named = availability.calendar_of(instrument_id)
        loaded = trading_window(request.window, series, self._calendar, named)
        leg = _leg(name, series, instrument, availability, request.window, loaded)
        judged = judged_sessions(leg, self._calendar, self._clock.now())
        needed = not request.window.is_open and not fetched.leaves(series)
        if (lacks_sessions(judged) and needed) or not self._has_bars(leg):
            raise self._missing(leg, judged, past, fetched)
        for sentence in notices(leg, judged, self._calendar):
            self._progress.warn(sentence)
        return leg

    def _has_bars(self, leg: Leg) -> bool:
        """Whether any bar is to be loaded: a partition that the range touches may have none."""
        return any(map(len, self._catalog.load(leg.holdings, leg.loaded)))

    def _missing(
        self, leg: Leg, judged: Sequence[Judged], past: Past | None, fetched: Fetched
    ) -> Exception:
        if not lacks_sessions(judged):
            return not_found(leg.name, nothing_text(leg, judged, self._clock.now()), past)
        if fetched.unwritable is not None:
            return fetched.unwritable
        calendar = self._calendar.describe(leg.instrument.id, leg.calendar)
        why = fetched.why_not(leg.holdings.series)
        return not_found(leg.name, f"{missing_text(judged, calendar)}{why}", past)


def _resolved(
    name: str, availability: Availability, past: Past | None, fetched: Fetched
) -> InstrumentId:
    asked_for = fetched.named(name)
    if asked_for is not None:
        return asked_for
    try:
        return resolve_then(name, availability, past)
    except DataNotFoundError as error:
        if fetched.unwritable is not None:
            raise fetched.unwritable from None
        if past is None and fetched.problem is not None:
            error.recovery = f"{fetched.problem.message} {error.recovery}"
        raise


def _leg(
    name: str,
    series: Series,
    instrument: Instrument,
    availability: Availability,
    window: Window,
    loaded: Window,
) -> Leg:
    held = availability.holdings(series)
    fitting = instrument.with_precision(held.price_precision, held.size_precision)
    named = availability.calendar_of(series.instrument_id)
    return Leg(name, fitting, held, window, loaded, named)


def _plan(request: BacktestRequest, traded: Sequence[Leg], rates: Sequence[Leg]) -> BacktestPlan:
    return BacktestPlan(
        strategy=request.strategy,
        settings=request.settings,
        traded=tuple((leg.instrument, leg.holdings.series.bar_type) for leg in traded),
        rates=tuple((leg.instrument, leg.holdings.series.bar_type) for leg in rates),
        first_open=min(leg.edges[0] for leg in traded),
        last_close=max(leg.edges[1] for leg in traded),
        report=request.report,
    )


def _rates_window(window: Window, last_close: int) -> Window:
    """Return the time for which rates are loaded: some days before, and not after, the bars."""
    start = window.start
    if start is not None and start.year > dt.MINYEAR:
        start -= _RATES_BEFORE
    seconds, rest = divmod(last_close, 10**9)
    microseconds = -(-rest // 1000)
    end = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(
        seconds=seconds, microseconds=microseconds
    )
    return Window(start, end)
