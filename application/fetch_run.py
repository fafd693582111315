"""Asks a source for what is planned of many series at once, and publishes what comes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from application.catalog import Catalog
from application.fetch_comparison import Comparison
from application.fetch_joins import Level
from application.fetch_merging import Arrived
from application.fetch_notices import Gathered
from application.fetch_parts import Part
from application.fetch_plan import SeriesPlan
from application.fetch_request import Keep, SeriesOutcome
from application.fetch_series import SeriesFetch
from application.fetch_texts import fetching_text, shown_source, waiting_text
from domain.errors import BarledgerError, CatalogError, LedgerError
from domain.fetching import (
    Answer,
    FetchedBars,
    HistoryStart,
    Lacks,
    SeriesFailed,
    Stray,
    WaitCause,
    Waiting,
    Wanted,
)
from domain.instrument import Series
from domain.ports import Clock, MarketDataSource, Progress

_NOT_CONNECTED = frozenset({WaitCause.CONNECTING, WaitCause.HUNG_UP})


class FetchRun:
    """One run over series whose fetch locks are held.

    `release` is called with each series as soon as nothing more is fetched of it.
    """

    def __init__(
        self,
        catalog: Catalog,
        source: MarketDataSource,
        progress: Progress,
        clock: Clock,
        keep: Keep | None,
        release: Callable[[Series], None],
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._progress = progress
        self._clock = clock
        self._keep = keep
        self._gathered = Gathered(progress)
        self._release = release
        self._states: dict[Series, SeriesFetch] = {}
        self._started = False
        self._standing: str | None = None

    def run(self, plans: Sequence[SeriesPlan]) -> None:
        """Fetch all that is planned; what became of each series is in `outcomes` and `errors`.

        Raises:
            GatewayError: the source cannot be asked any more.
            CatalogError, LedgerError: the catalog cannot be written to.
        """
        for plan in plans:
            self._states[plan.series] = SeriesFetch(
                self._catalog,
                self._progress,
                plan,
                self._source.name(),
                self._clock,
                self._keep,
                self._gathered,
            )
        try:
            self._compare()
            self._fetch()
            self._resolve()
        except BaseException as error:
            self._abort(error)
            raise
        finally:
            for state in self._states.values():
                state.close()
            self._gathered.flush()

    def outcomes(self) -> list[SeriesOutcome]:
        """Return what was done to each series so far, the failed ones too."""
        return [state.report.outcome() for state in self._states.values()]

    def errors(self) -> list[BarledgerError]:
        """Return why series failed, in the order in which they did."""
        failed = [state for state in self._states.values() if state.error]
        failed.sort(key=lambda state: state.failed_as)
        return [state.error for state in failed if state.error]

    def _compare(self) -> None:
        """Compare levels first: what differs must not be published before that is known."""
        self._compared({one: one.plan.compared for one in self._going}, SeriesFetch.joins)

    def _resolve(self) -> None:
        """Compare where fetched prices jump from or to held ones, and publish the rest."""
        self._compared({one: one.doubts for one in self._going}, SeriesFetch.resolve)

    @property
    def _going(self) -> list[SeriesFetch]:
        return [state for state in self._states.values() if not state.is_over]

    def _compared(
        self,
        parts: Mapping[SeriesFetch, Sequence[Part]],
        then: Callable[[SeriesFetch, list[Level], Arrived], None],
    ) -> None:
        """Fetch `parts` that are held, and go on with how they compare."""
        comparing = {
            state.plan.series: Comparison(
                self._catalog, self._progress, state.plan, some, self._clock
            )
            for state, some in parts.items()
            if some
        }
        if not comparing:
            return
        with contextlib.ExitStack() as shown:
            for one in comparing.values():
                one.show(shown, self._source.name())
            wanted = [one.wanted for one in comparing.values()]
            self._consume(wanted, lambda series: comparing[series].take)
        for series, one in comparing.items():
            state = self._states[series]
            self._guarded(state, lambda state, one: then(state, *one.result()), state, one)

    def _fetch(self) -> None:
        going = self._going
        for state in going:
            self._guarded(state, state.begin)
        wanted = [state.wanted for state in going if not state.is_over and state.wanted]
        if wanted:
            self._consume(wanted, lambda series: self._states[series].take)
        for state in going:
            self._guarded(state, state.finish)

    def _consume(
        self, wanted: Sequence[Wanted], taker: Callable[[Series], Callable[[FetchedBars], None]]
    ) -> None:
        answers = self._source.fetch(wanted)
        try:
            for answer in answers:
                if not (isinstance(answer, Waiting) and answer.cause in _NOT_CONNECTED):
                    self._start()
                self._take(answer, taker)
        finally:
            self._stand(None)
            _close(answers)

    def _stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        """Show why nothing comes, or take that away."""
        if sentence != self._standing:
            self._standing = sentence
            self._progress.stand(sentence, seconds, paced=paced)

    def _start(self) -> None:
        """Record that the series are being asked for, once the source has said a word."""
        if self._started:
            return
        for state in self._states.values():
            plan = state.plan
            self._progress.tell(fetching_text(plan.name, plan.series, self._source.name()))
        self._catalog.record([state.report.started() for state in self._states.values()])
        # Only now: whatever comes before, Ctrl-C too, leaves no word of an end without a beginning.
        self._started = True

    def _take(
        self, answer: Answer, taker: Callable[[Series], Callable[[FetchedBars], None]]
    ) -> None:
        if isinstance(answer, Waiting):
            text = waiting_text(answer, shown_source(self._source.name()))
            shown = text if answer.seconds else None
            self._stand(shown, answer.seconds, paced=answer.is_paced)
            return
        self._stand(None)
        state = self._states.get(answer.series)
        if state is None:
            return
        if isinstance(answer, Stray):
            state.strays(answer)
        elif isinstance(answer, Lacks):
            state.holes.add(answer)
        elif state.is_over:
            return
        elif isinstance(answer, SeriesFailed):
            self._fail(state, answer.error)
        elif isinstance(answer, HistoryStart):
            state.history_starts(answer.start)
        else:
            self._guarded(state, taker(answer.series), answer)

    def _guarded[**P](
        self, state: SeriesFetch, step: Callable[P, None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Do the next step of a series; its failure does not stop the others."""
        if state.is_over:
            return
        try:
            step(*args, **kwargs)
        except (CatalogError, LedgerError):
            raise
        except BarledgerError as error:
            self._fail(state, error)
        if state.is_over:
            self._release(state.plan.series)

    def _fail(self, state: SeriesFetch, error: BarledgerError) -> None:
        failed = sum(one.error is not None for one in self._states.values())
        state.fail(error, failed)
        if self._started:
            self._catalog.record([state.report.aborted(error.message)])
        self._release(state.plan.series)

    def _abort(self, error: BaseException) -> None:
        """Leave word of what was done of all that is not finished, as well as can be."""
        self._source.close()
        problem = error.message if isinstance(error, BarledgerError) else _what_ended_it(error)
        going = self._going
        for state in going:
            state.report.tell_unreplaced()
        events = [state.report.aborted(problem) for state in going]
        if self._started and events:
            with contextlib.suppress(BarledgerError):
                self._catalog.record(events)


def _what_ended_it(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "cancelled with Ctrl-C"
    return f"{type(error).__name__}: {error}"


def _close(answers: Iterator[Answer]) -> None:
    """End a generator now, not when it is collected."""
    close = getattr(answers, "close", None)
    if close is not None:
        close()
