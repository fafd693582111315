"""Bars and instruments of Interactive Brokers, from a gateway."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from adapters.ibkr.client_ids import ClientIds
from adapters.ibkr.event_loop import EventLoop
from adapters.ibkr.gate import Gate
from adapters.ibkr.gateway import Gateway
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.pacing import Pacing
from adapters.ibkr.patience import Patience
from adapters.ibkr.session import Address, Session
from domain.errors import (
    BarledgerError,
    GatewayLostError,
    GatewayUnreachableError,
    RateLimitedError,
)
from domain.fetching import Answer, SeriesFailed, Waiting, Wanted
from domain.instrument import Instrument
from domain.ports import Clock

if TYPE_CHECKING:
    from concurrent.futures import Future

    from adapters.ibkr.contract_search import ContractSearch

NAME = "ibkr"
# So many answers may wait for whoever takes them, so that memory stays bounded.
_ANSWERS_AHEAD = 16
_CLOSING_SECONDS = 0.8
# After these the gateway cannot be asked about any other series either.
_END_ALL = (GatewayUnreachableError, GatewayLostError, RateLimitedError)


class IbkrMarketDataSource:
    """A `MarketDataSource` on ib_async, which runs in a thread of its own."""

    def __init__(
        self,
        address: Address,
        folder: GatewayFolder,
        clock: Clock,
        patience: Patience,
        log: Callable[[str], None],
    ) -> None:
        self._address = address
        self._folder = folder
        self._clock = clock
        self._patience = patience
        self._log = log
        self._loop: EventLoop | None = None
        self._asking: _Asking | None = None

    def name(self) -> str:
        """Return the name under which the source is recorded."""
        return NAME

    def find(self, text: str) -> Sequence[Instrument]:
        """Return every instrument that `text`, a symbol or an instrument ID, may mean."""
        loop, asking = self._running()
        return loop.result(asking.contracts.find(text))

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Yield what the gateway says of all that is wanted; see the port."""
        loop, asking = self._running()
        answers = _Answers(loop)
        asking.tell = answers.tell
        fetching = loop.start(asking.fetch(wanted, answers))
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

    def _running(self) -> tuple[EventLoop, _Asking]:
        if self._loop is None or self._asking is None:
            self._loop = EventLoop("ibkr")
            self._asking = self._loop.result(self._made())
        return self._loop, self._asking

    async def _made(self) -> _Asking:
        return _Asking(self._address, self._folder, self._clock, self._patience, self._log)


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

    def until(self, fetching: Future[None]) -> Iterator[Answer]:
        """Yield the answers until all are in, then raise what made it fail, if anything did."""
        fetching.add_done_callback(lambda _: self._queue.put(None))
        while (answer := self._queue.get()) is not None:
            if not isinstance(answer, Waiting):
                self._loop.call(self._places.release)
            yield answer
        fetching.result()


class _Asking:
    """All that asks, inside the event loop."""

    def __init__(
        self,
        address: Address,
        folder: GatewayFolder,
        clock: Clock,
        patience: Patience,
        log: Callable[[str], None],
    ) -> None:
        from adapters.ibkr.contract_search import ContractSearch
        from adapters.ibkr.paced_client import paced_ib
        from adapters.ibkr.rate import MessageRate

        rate = MessageRate(folder)
        self._gate = Gate(self._tell)
        self._session = Session(address, ClientIds(folder), lambda: paced_ib(rate), patience, log)
        self._gateway = Gateway(self._session, Pacing(folder), patience, self._gate)
        self._clock = clock
        self.contracts: ContractSearch = ContractSearch(self._gateway, clock)
        self.tell: Callable[[Waiting], None] = lambda _: None
        self._tasks: set[asyncio.Task[None]] = set()

    def _tell(self, waiting: Waiting) -> None:
        self.tell(waiting)

    async def fetch(self, wanted: Sequence[Wanted], answers: _Answers) -> None:
        """Put all answers; of series that fail, say so."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        # A clock that is fast here would take bars for closed that are not.
        now = min(self._clock.now(), await self._gateway.time())
        try:
            async with asyncio.TaskGroup() as group:
                for one in wanted:
                    group.create_task(self._series(one, now, answers))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _series(self, wanted: Wanted, now: int, answers: _Answers) -> None:
        from adapters.ibkr.series_fetch import SeriesFetch

        try:
            listing = await self.contracts.listing(wanted.instrument)
            await SeriesFetch(self._gateway, wanted, listing, now, answers.put).run()
        except BarledgerError as error:
            if isinstance(error, _END_ALL):
                raise
            await answers.put(SeriesFailed(wanted.series, error))

    async def close(self) -> None:
        """Cancel all that is asked, and disconnect."""
        self._gate.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
