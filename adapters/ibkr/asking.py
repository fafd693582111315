"""All that asks a gateway, inside one event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from adapters.ibkr.address import Address
from adapters.ibkr.client_ids import ClientIds
from adapters.ibkr.contract_search import ContractSearch
from adapters.ibkr.gate import Gate
from adapters.ibkr.gateway import Gateway
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.limits import ANSWERS_AHEAD
from adapters.ibkr.paced_client import paced_ib
from adapters.ibkr.pacing import Pacing
from adapters.ibkr.patience import Patience
from adapters.ibkr.rate import MessageRate
from adapters.ibkr.series_fetch import SeriesFetch
from adapters.ibkr.session import Session
from domain.errors import (
    BarledgerError,
    GatewayLostError,
    GatewayUnreachableError,
    RateLimitedError,
)
from domain.fetching import Answer, SeriesFailed, Waiting, Wanted
from domain.ports import Clock

# After these the gateway cannot be asked about any other series either.
_END_ALL = (GatewayUnreachableError, GatewayLostError, RateLimitedError)
Put = Callable[[Answer], Awaitable[None]]


class Asking:
    """All that asks, inside the event loop."""

    def __init__(
        self,
        address: Address,
        folder: GatewayFolder,
        clock: Clock,
        patience: Patience,
        log: Callable[[str], None],
    ) -> None:
        # What the library complains of is told by us, if at all.
        logging.getLogger("ib_async").addHandler(logging.NullHandler())
        rate = MessageRate(folder)
        self._gate = Gate(self._tell)
        self._session = Session(
            address, ClientIds(folder), lambda: paced_ib(rate), patience, log, self._tell
        )
        self._gateway = Gateway(self._session, Pacing(folder), patience, self._gate, log)
        self._clock = clock
        self.contracts: ContractSearch = ContractSearch(self._gateway, clock)
        self.tell: Callable[[Waiting], None] = lambda _: None
        self._tasks: set[asyncio.Task[None]] = set()
        self._budget = asyncio.Semaphore(ANSWERS_AHEAD)

    def _tell(self, waiting: Waiting) -> None:
        self.tell(waiting)

    async def fetch(self, wanted: Sequence[Wanted], put: Put) -> None:
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
                    group.create_task(self._series(one, now, put))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _series(self, wanted: Wanted, now: int, put: Put) -> None:
        try:
            listing = await self.contracts.listing(wanted.instrument)
            await SeriesFetch(self._gateway, wanted, listing, now, put, self._budget).run()
        except BarledgerError as error:
            if isinstance(error, _END_ALL):
                raise
            await put(SeriesFailed(wanted.series, error))

    async def close(self) -> None:
        """Cancel all that is asked, and disconnect."""
        self._gate.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
