"""Asks a gateway within IBKR's limits, again after failures that pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from adapters.ibkr.answers import Meaning, refusal
from adapters.ibkr.decoding import HistoryAnswer
from adapters.ibkr.failures import Told
from adapters.ibkr.gate import Gate
from adapters.ibkr.history_request import HistoryRequest, contract_identity
from adapters.ibkr.limits import LOOKUPS_IN_FLIGHT, REQUESTS_IN_FLIGHT
from adapters.ibkr.pacing import Pacing
from adapters.ibkr.patience import Patience
from adapters.ibkr.retries import Retries
from adapters.ibkr.session import Session
from domain.errors import BarledgerError, GatewayUnreachableError
from domain.fetching import WaitCause

if TYPE_CHECKING:
    from ib_async import Contract, ContractDetails

# Each is one of the sixty requests that are allowed in ten minutes for all instruments together.
_ATTEMPTS_FOR_START = 2


class Gateway:
    """Requests to one gateway; a few are open at a time. It is used from one event loop alone."""

    def __init__(
        self,
        session: Session,
        pacing: Pacing,
        patience: Patience,
        gate: Gate,
        log: Callable[[str], None],
    ) -> None:
        self._log = log
        self._session = session
        self._pacing = pacing
        self._retries = Retries(patience, gate)
        self._gate = gate
        self._in_flight = asyncio.Semaphore(REQUESTS_IN_FLIGHT)
        self._looked_up = asyncio.Semaphore(LOOKUPS_IN_FLIGHT)

    async def details(
        self, name: str, contract: Contract, *, is_one_of_many: bool = False
    ) -> list[ContractDetails]:
        """Return all contracts that fit, none where the gateway knows none.

        `is_one_of_many` tells that the instrument is looked for elsewhere too.

        Raises:
            BarledgerError: it cannot be asked, or refuses.
        """

        async def ask() -> list[ContractDetails]:
            async with self._looked_up:
                return await (await self._session.usable()).details(contract)

        asked = self._retries.asked(name, ask, is_one_of_many=is_one_of_many)
        return await _answer(asked, name)

    async def history_start(
        self,
        name: str,
        contract: Contract,
        what_to_show: str,
    ) -> int | None:
        """Return when the first bar opens, in UTC nanoseconds; None where that is not to be had.

        It is that of all hours: one of the regular hours would hide what came before the market
        on that day.

        That is so where there are no bars, and where too many such questions were asked in the
        last ten minutes: what only saves requests is not waited for.

        Raises:
            GatewayUnreachableError: there is no gateway.
        """
        one = f"{contract_identity(contract)}|{what_to_show}"
        identity = f"head|{one}"

        async def ask() -> int | None:
            if self._pacing.take(identity, one) > 0:
                return None
            async with self._looked_up:
                connection = await self._session.usable()
                return await connection.history_start(contract, what_to_show)

        try:
            return await _or_none(self._retries.asked(name, ask, most=_ATTEMPTS_FOR_START))
        except GatewayUnreachableError:
            raise
        except BarledgerError as error:
            # Whatever it is, questions for bars will meet it too, if it is of weight.
            self._log(f"when the history of {name} starts is not known: {error.message}")
            return None

    async def history(
        self,
        name: str,
        request: HistoryRequest,
        *,
        small_bars: bool,
        used: int = 0,
        can_ask_less: bool = False,
    ) -> HistoryAnswer | None:
        """Return the bars that were asked for, None where there are none.

        Raises:
            NoAnswer: see `Retries.asked`.
            BarledgerError: it cannot be asked, or refuses.
        """
        one = f"{contract_identity(request.contract)}|{request.what_to_show}"

        async def ask() -> HistoryAnswer:
            async with self._in_flight:
                if small_bars:
                    await self._paced(request.identity, one)
                return await (await self._session.usable()).history(request)

        asked = self._retries.asked(name, ask, used=used, can_ask_less=can_ask_less)
        return await _or_none(asked)

    async def time(self) -> int:
        """Return the gateway's time in UTC nanoseconds.

        Raises:
            BarledgerError: it cannot be asked.
        """

        async def ask() -> int:
            return await (await self._session.usable()).time()

        return await _answer(self._retries.asked("the time", ask), "the time")

    async def _paced(self, request: str, contract: str) -> None:
        while (seconds := self._pacing.take(request, contract)) > 0:
            await self._gate.wait(WaitCause.PACING, seconds, 0, 0)


async def _answer[T](asked: Awaitable[T], name: str) -> T:
    """Return the answer; that there is no data is none here, where no bars are asked for."""
    try:
        return await asked
    except Told as failure:
        raise refusal(failure.message, name) from failure


async def _or_none[T](asked: Awaitable[T]) -> T | None:
    """Return the answer, None where it is that there is no data."""
    try:
        return await asked
    except Told as failure:
        if failure.message.meaning is Meaning.NO_DATA:
            return None
        raise
