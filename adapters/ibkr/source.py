"""Bars and instruments of Interactive Brokers, from a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from adapters.ibkr.address import Address
from adapters.ibkr.event_loop import HEARING_SECONDS, EventLoop
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.patience import Patience
from domain.bars import Bars
from domain.fetching import Answer, FetchedBars, Waiting, Wanted
from domain.instrument import Instrument, Series
from domain.intervals import IntervalSet
from domain.ports import Clock

if TYPE_CHECKING:
    from concurrent.futures import Future

    from adapters.ibkr.asking import Asking

NAME = "ibkr"
# So many answers may wait for whoever takes them, so that memory stays bounded.
_ANSWERS_AHEAD = 16
_CLOSING_SECONDS = 0.8


class IbkrMarketDataSource:
    """A `MarketDataSource` on ib_async, which runs in a thread of its own."""

    def __init__(
        self,
        address: Address,
        folder: GatewayFolder,
        clock: Clock,
        patience: Patience,
        log: Callable[[str], None],
        on_wait: Callable[[Answer], None] = lambda _: None,
    ) -> None:
        """Take where the gateway is, and where processes of this machine meet that ask it.

        `on_wait` is told what `find` waits for, as the answers of `fetch` tell it.
        """
        self._on_wait = on_wait
        self._address = address
        self._folder = folder
        self._clock = clock
        self._patience = patience
        self._log = log
        self._loop: EventLoop | None = None
        self._asking: Asking | None = None

    def name(self) -> str:
        """Return the name under which the source is recorded."""
        return NAME

    def find(self, text: str) -> Sequence[Instrument]:
        """Return every instrument that `text`, a symbol or an instrument ID, may mean."""
        loop, asking = self._running()
        answers = _Answers(loop)
        asking.tell = answers.tell
        finding = loop.start(asking.contracts.find(text))
        try:
            for waiting in answers.until(finding):
                self._on_wait(waiting)
            return finding.result()
        finally:
            finding.cancel()

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Yield what the gateway says of all that is wanted; see the port."""
        loop, asking = self._running()
        answers = _Answers(loop)
        asking.tell = answers.tell
        fetching = loop.start(asking.fetch(wanted, answers.put))
        try:
            yield from answers.until(fetching)
        finally:
            fetching.cancel()

    def close(self) -> None:
        """Cancel what is still being asked, and disconnect."""
        loop, self._loop = self._loop, None
        asking, self._asking = self._asking, None
        if loop is None or asking is None:
            return
        try:
            loop.start(asking.close()).result(_CLOSING_SECONDS)
        except TimeoutError:
            self._log("the gateway was left without a good-bye")
        finally:
            loop.close()

    def _running(self) -> tuple[EventLoop, Asking]:
        if self._loop is None or self._asking is None:
            self._loop = EventLoop("ibkr")
            self._asking = self._loop.result(self._made())
        return self._loop, self._asking

    async def _made(self) -> Asking:
        # The library is heavy, and often nothing has to be asked.
        from adapters.ibkr.asking import Asking

        return Asking(self._address, self._folder, self._clock, self._patience, self._log)


class _Answers:
    """Answers on their way from the event loop to the thread that takes them."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._queue: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._places = asyncio.Semaphore(_ANSWERS_AHEAD)

    async def put(self, answer: Answer) -> None:
        """Hand an answer on, once there is a place for it."""
        await self._places.acquire()
        self._queue.put(answer)

    def tell(self, waiting: Waiting) -> None:
        """Hand on that something is waited for, which needs no place."""
        self._queue.put(waiting)

    def until(self, fetching: Future[Any]) -> Iterator[Answer]:
        """Yield the answers until all are in, then raise what made it fail, if anything did.

        What has come while the last one was taken care of is joined series by series: sessions
        that are kept together take less time than each by itself.
        """
        fetching.add_done_callback(lambda _: self._queue.put(None))
        ended = False
        while not ended:
            come = self._come()
            ended = None in come
            yield from _joined(one for one in come if one is not None)
        fetching.result()

    def _come(self) -> list[Answer | None]:
        """Wait for the next answer, and return it with all that came meanwhile."""
        come = [self._next()]
        with contextlib.suppress(queue.Empty):
            while come[-1] is not None:
                come.append(self._queue.get_nowait())
        for answer in come:
            if answer is not None and not isinstance(answer, Waiting):
                self._loop.call(self._places.release)
        return come

    def _next(self) -> Answer | None:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=HEARING_SECONDS)


def _joined(answers: Iterable[Answer]) -> list[Answer]:
    """Return answers with the bars of each series in one, as far as nothing else lies between."""
    found: list[Answer] = []
    of_series: dict[Series, list[FetchedBars]] = {}
    for answer in answers:
        if isinstance(answer, FetchedBars):
            of_series.setdefault(answer.series, []).append(answer)
            continue
        found += map(_one, of_series.values())
        of_series.clear()
        found.append(answer)
    return [*found, *map(_one, of_series.values())]


def _one(answers: Sequence[FetchedBars]) -> FetchedBars:
    """Return what some answers in order of time say together."""
    if len(answers) == 1:
        return answers[0]
    attested = (one for answer in answers for one in answer.attested)
    empty = (one for answer in answers for one in answer.empty)
    return FetchedBars(
        answers[0].series,
        IntervalSet(tuple(attested)),
        Bars.concat(answer.bars for answer in answers),
        IntervalSet(tuple(empty)),
        min(answer.as_of for answer in answers),
    )
