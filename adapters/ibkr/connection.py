"""A connection to a gateway: requests with bounded waits, whose failures are told apart."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

from adapters.ibkr.answers import (
    CLIENT_ID_TAKEN,
    CONNECTION_BACK,
    CONNECTION_LOST,
    HISTORY_FARM_BACK,
    HISTORY_FARM_LOST,
    GatewayMessage,
    Meaning,
)
from adapters.ibkr.decoding import NO_REQUEST, CheckedDecoder, HistoryAnswer
from adapters.ibkr.failures import (
    Broke,
    ClientIdTaken,
    NoAnswer,
    Told,
    Unanswered,
    Undecodable,
)

if TYPE_CHECKING:
    from ib_async import Contract, ContractDetails

_TIME = "currentTime"
_AFTER_ALL = 0.3
_MOMENT = 0.05
_CONNECTING = "connecting as"
_POLL_SECONDS = 0.005


@attrs.frozen
class HistoryRequest:
    """A request for bars in IBKR's words; `end` is UTC."""

    contract: Contract
    end: dt.datetime
    duration: str
    bar_size: str
    what_to_show: str
    regular_hours: bool

    @property
    def identity(self) -> str:
        """What makes two requests identical to IBKR."""
        parts = (self.end.isoformat(), self.duration, self.bar_size, self.regular_hours)
        return "|".join(map(str, (contract_identity(self.contract), self.what_to_show, *parts)))


def contract_identity(contract: Contract) -> str:
    """Return what tells a contract from all others."""
    parts = (contract.conId, contract.secType, contract.symbol, contract.exchange)
    return "|".join(map(str, parts))


class Connection:
    """One connection. It is made for one event loop, and cannot be used again once it broke."""

    def __init__(self, ib: Any, answer_seconds: float, log: Callable[[str], None]) -> None:
        self._ib = ib
        self._seconds = answer_seconds
        self._log = log
        self._open: dict[int | str, asyncio.Future[Any]] = {}
        self._cancelled: set[int] = set()
        self._cut = False
        self._lost_farms: set[str] = set()
        ib.client.decoder = CheckedDecoder(ib.wrapper, self._take_history, self._take_undecodable)
        # The library asks for the account once its connection is back, which nobody here needs.
        ib.errorEvent.clear()
        ib.errorEvent += self._take_message
        ib.client.conn.disconnected += self._take_disconnection

    @property
    def is_usable(self) -> bool:
        """Whether requests can be sent."""
        return bool(self._ib.client.isReady())

    @property
    def is_cut(self) -> bool:
        """Whether the gateway has lost its own connection to IBKR."""
        return self._cut

    async def connect(self, host: str, port: int, client_id: int, seconds: float) -> None:
        """Connect; nothing of an account is asked for.

        Raises:
            ClientIdTaken: the gateway says so.
            OSError, TimeoutError, ConnectionError: there is no gateway, or it does not answer.
        """
        from ib_async import StartupFetchNONE

        taken = self._expect(_connecting(client_id))
        try:
            connecting = asyncio.ensure_future(
                self._ib.connectAsync(
                    host, port, client_id, timeout=seconds, fetchFields=StartupFetchNONE
                )
            )
            await asyncio.wait({connecting, taken}, return_when=asyncio.FIRST_COMPLETED)
            # Whoever gives up hangs up, and that is told first.
            await asyncio.wait({connecting}, timeout=_MOMENT)
            if not connecting.done():
                await _ended(connecting)
                taken.result()
            await connecting
        finally:
            self._forget(_connecting(client_id))

    async def details(self, contract: Contract) -> list[ContractDetails]:
        """Return all contracts that fit.

        Raises:
            Unanswered: telling why.
        """
        request = self._ib.client.getReqId()
        future = self._ib.wrapper.startReq(request, contract)
        self._ib.client.reqContractDetails(request, contract)
        found: list[ContractDetails] = await self._answer(request, future)
        return found

    async def history_start(self, contract: Contract, what_to_show: str) -> int:
        """Return when the first bar of any hour opens, in UTC nanoseconds.

        Raises:
            Unanswered: telling why, or that there are no bars at all.
        """
        request = self._ib.client.getReqId()
        future = self._ib.wrapper.startReq(request, contract)
        self._ib.client.reqHeadTimeStamp(request, contract, what_to_show, 0, 2)
        try:
            start = await self._answer(request, future)
        finally:
            # What is not cancelled stays open at the gateway, answered or not.
            self._send(self._ib.client.cancelHeadTimeStamp, request)
        if not isinstance(start, dt.datetime) or start.tzinfo is None:
            raise Undecodable(f"the history's start {start!r} is no instant")
        return round(start.timestamp()) * 10**9

    async def history(self, asked: HistoryRequest) -> HistoryAnswer:
        """Return the bars.

        Raises:
            Unanswered: telling why.
        """
        request = self._ib.client.getReqId()
        self._log(f"request {request} asks for bars: {asked.identity}")
        future = self._ib.wrapper.startReq(request, asked.contract)
        self._ib.client.reqHistoricalData(
            request,
            asked.contract,
            asked.end.strftime("%Y%m%d %H:%M:%S UTC"),
            asked.duration,
            asked.bar_size,
            asked.what_to_show,
            asked.regular_hours,
            2,
            False,  # noqa: FBT003 - the library takes it by position
            [],
        )
        try:
            answer: HistoryAnswer = await self._answer(request, future)
        except (Told, NoAnswer, asyncio.CancelledError) as failure:
            if not isinstance(failure, Told) or failure.message.concerns_all:
                # The gateway would go on and count it as open.
                self._send(self._ib.client.cancelHistoricalData, request)
                self._cancelled.add(request)
            raise
        self._log(f"request {request} is answered: {answer}")
        return answer

    async def time(self) -> int:
        """Return the gateway's time in UTC nanoseconds, to the second.

        Raises:
            Unanswered: telling why.
        """
        future = self._ib.wrapper.startReq(_TIME)
        self._ib.client.reqCurrentTime()
        at: dt.datetime = await self._answer(_TIME, future)
        return round(at.timestamp()) * 10**9

    async def close(self) -> None:
        """Let all requests fail, and disconnect once cancels have gone out."""
        self._fail(self._open, Broke("the connection was closed"))
        if self.is_usable:
            await self._ib.client.flush(_AFTER_ALL)
            await self._cancels_taken()
        self._ib.disconnect()
        self._ib.errorEvent -= self._take_message
        self._ib.client.conn.disconnected -= self._take_disconnection

    async def _cancels_taken(self) -> None:
        """Wait a little for the gateway's word on each cancel.

        Whoever hangs up with an answer on its way resets the connection, and what the gateway
        has not read by then is lost.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AFTER_ALL):
                while self._cancelled and self.is_usable:
                    await asyncio.sleep(_POLL_SECONDS)

    async def _answer(self, request: int | str, library: asyncio.Future[Any]) -> Any:
        """Wait for the answer to a request that was sent."""
        ours = self._expect(request)
        try:
            done, _ = await asyncio.wait(
                {ours, library}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise NoAnswer(f"nothing came for {self._seconds:g} seconds")
            return ours.result() if ours in done else _result(request, library)
        finally:
            self._forget(request)
            if library.done() and not library.cancelled():
                # Looked at, so that nobody complains that it never was.
                library.exception()

    def _expect(self, request: int | str) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[request] = future
        return future

    def _forget(self, request: int | str) -> None:
        """Let nothing that still comes for a request reach anybody."""
        future = self._open.pop(request, None)
        if future is not None and not future.done():
            future.cancel()
        elif future is not None and not future.cancelled():
            future.exception()
        # The library keeps both until an answer comes, and appends late bars to the list.
        self._ib.wrapper._results.pop(request, None)  # noqa: SLF001
        left = self._ib.wrapper._futures.pop(request, None)  # noqa: SLF001
        if left is not None and not left.done():
            left.cancel()

    def _send(self, send: Callable[[int], None], request: int) -> None:
        with contextlib.suppress(ConnectionError):
            send(request)

    def _take_history(self, request: int, answer: HistoryAnswer) -> None:
        future = self._open.get(request)
        if future is not None and not future.done():
            future.set_result(answer)

    def _take_undecodable(self, request: int, problem: str) -> None:
        self._log(f"A message of the gateway cannot be understood: {problem}")
        concerned = self._open if request == NO_REQUEST else [request]
        self._fail(concerned, Undecodable(problem))

    def _take_message(self, request: int, code: int, text: str, contract: object) -> None:
        del contract
        message = GatewayMessage(request, code, text)
        self._log(f"gateway: {code} {text} (request {request})")
        self._cancelled.discard(request)
        self._note_connections(message)
        if code == CLIENT_ID_TAKEN:
            self._fail(self._open, ClientIdTaken(str(message)))
        elif message.concerns_all:
            self._fail(self._concerned(message), Told(message))
        elif request in self._open and message.meaning is Meaning.NO_DATA and self._lost_farms:
            # Who cannot reach the bars cannot say that there are none.
            self._fail([request], Broke(f"IBKR's server {min(self._lost_farms)} is not reached"))
        elif request in self._open and message.meaning is not Meaning.NEWS:
            self._fail([request], Told(message))

    def _concerned(self, message: GatewayMessage) -> list[int | str]:
        """Return the open requests that a message for all fails.

        Who connects is told of all that is amiss with the gateway's own connections, and is
        connected all the same.
        """
        if message.meaning is not Meaning.LOST:
            return list(self._open)
        return [one for one in self._open if not str(one).startswith(_CONNECTING)]

    def _note_connections(self, message: GatewayMessage) -> None:
        """Remember which connections of the gateway to IBKR are broken."""
        farm = message.text.rpartition(":")[2].strip()
        if message.code in CONNECTION_LOST:
            self._cut = True
        elif message.code in CONNECTION_BACK:
            self._cut = False
            self._lost_farms.clear()
        elif message.code == HISTORY_FARM_LOST:
            self._lost_farms.add(farm)
        elif message.code == HISTORY_FARM_BACK:
            self._lost_farms.discard(farm)

    def _take_disconnection(self, why: str) -> None:
        self._fail(self._open, Broke(f"it hung up{why and f' ({why})'}"))

    def _fail(self, requests: Iterable[int | str], why: Unanswered) -> None:
        for request in list(requests):
            future = self._open.get(request)
            if future is not None and not future.done():
                future.set_exception(why)


def _connecting(client_id: int) -> str:
    return f"{_CONNECTING} {client_id}"


async def _ended(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with contextlib.suppress(BaseException):
        await task


def _result(request: int | str, library: asyncio.Future[Any]) -> Any:
    """Return what the library made of the answer, with its errors as ours."""
    from ib_async.wrapper import RequestError

    try:
        return library.result()
    except RequestError as error:
        number = request if isinstance(request, int) else NO_REQUEST
        raise Told(GatewayMessage(number, error.code, error.message)) from error
    except ConnectionError as error:
        raise Broke(str(error)) from error
    except ValueError as error:
        raise Undecodable(str(error)) from error
