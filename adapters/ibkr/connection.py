"""A connection to a gateway: requests with bounded waits, whose failures are told apart."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adapters.ibkr.answers import CLIENT_ID_TAKEN, GatewayMessage, Meaning
from adapters.ibkr.decoding import NO_REQUEST, CheckedDecoder, HistoryAnswer
from adapters.ibkr.failures import Broke, ClientIdTaken, NoAnswer, Told, Undecodable, Unreadable
from adapters.ibkr.handshake import made
from adapters.ibkr.history_request import HistoryRequest
from adapters.ibkr.links import Links
from adapters.ibkr.open_requests import OpenRequests, Request

if TYPE_CHECKING:
    from ib_async import Contract, ContractDetails

_TIME = "currentTime"
_AFTER_ALL = 0.3
_CONNECTING = "connecting as"
_POLL_SECONDS = 0.005
# Far more than a machine full of processes that all ask needs to let one message pass.
_LINE_SECONDS = 600
_FIRST = asyncio.FIRST_COMPLETED


class Connection:
    """One connection. It is made for one event loop, and cannot be used again once it broke."""

    def __init__(self, ib: Any, answer_seconds: float, log: Callable[[str], None]) -> None:
        self._ib = ib
        self._seconds = answer_seconds
        self._log = log
        self._open = OpenRequests()
        self._links = Links()
        self._cancelled: set[int] = set()
        self.told: GatewayMessage | None = None
        """The last error that the gateway told, whomever it concerned; no news."""
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
        return self._links.is_cut

    async def connect(self, host: str, port: int, client_id: int, seconds: float) -> None:
        """Connect; nothing of an account is asked for.

        Raises:
            ClientIdTaken: the gateway says so.
            Broke: it took the connection, and closed it before it was ready.
            OSError, TimeoutError: there is no gateway, or it does not answer.
        """
        from ib_async import StartupFetchNONE

        failed = self._open.expect(_connecting(client_id))
        try:
            connecting = asyncio.ensure_future(
                self._ib.connectAsync(
                    host, port, client_id, timeout=seconds, fetchFields=StartupFetchNONE
                )
            )
            await made(connecting, failed)
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
        self._open.fail(self._open.all(), Broke("the connection was closed"))
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

    async def _answer(self, request: Request, library: asyncio.Future[Any]) -> Any:
        """Wait for the answer to the request that was asked for last.

        It may be long until it is sent, where others use up the machine's rate: the gateway's
        time to answer begins then.
        """
        ours = self._open.expect(request)
        sent = self._ib.client.last_sent()
        try:
            await asyncio.wait({ours, library, sent}, timeout=_LINE_SECONDS, return_when=_FIRST)
            done, _ = await asyncio.wait({ours, library}, timeout=self._seconds, return_when=_FIRST)
            if not done:
                raise NoAnswer(f"nothing came for {self._seconds:g} seconds")
            return ours.result() if ours in done else self._result(request, library)
        finally:
            self._forget(request)
            if library.done() and not library.cancelled():
                # Looked at, so that nobody complains that it never was.
                library.exception()

    def _forget(self, request: Request) -> None:
        self._open.forget(request)
        # The library keeps both until an answer comes, and appends late bars to the list.
        self._ib.wrapper._results.pop(request, None)  # noqa: SLF001
        left = self._ib.wrapper._futures.pop(request, None)  # noqa: SLF001
        if left is not None and not left.done():
            left.cancel()

    def _send(self, send: Callable[[int], None], request: int) -> None:
        with contextlib.suppress(ConnectionError):
            send(request)

    def _take_history(self, request: int, answer: HistoryAnswer) -> None:
        self._open.answer(request, answer)

    def _take_undecodable(self, request: int, problem: str) -> None:
        self._log(f"A message of the gateway cannot be understood: {problem}")
        concerned = self._open.all() if request == NO_REQUEST else [request]
        self._open.fail(concerned, Unreadable(problem))

    def _take_message(self, request: int, code: int, text: str, contract: object) -> None:
        del contract
        message = GatewayMessage(request, code, text)
        self._log(f"gateway: {code} {text} (request {request})")
        self._cancelled.discard(request)
        self._links.note(message)
        if message.meaning is not Meaning.NEWS:
            self.told = message
        if code == CLIENT_ID_TAKEN:
            self._open.fail(self._open.all(), ClientIdTaken(str(message)))
        elif message.concerns_all:
            self._open.fail(self._concerned(message), Told(message))
        elif message.meaning is Meaning.NO_DATA and self._links.lost_farm is not None:
            # Who cannot reach the bars cannot say that there are none.
            farm = self._links.lost_farm
            self._open.fail([request], Broke(f"IBKR's server {farm} is not reached"))
        elif message.meaning is not Meaning.NEWS:
            self._open.fail([request], Told(message))

    def _concerned(self, message: GatewayMessage) -> list[Request]:
        """Return the open requests that a message for all fails.

        Who connects is told of all that is amiss with the gateway's own connections, and is
        connected all the same.
        """
        if message.meaning is not Meaning.LOST:
            return self._open.all()
        return [one for one in self._open.all() if not str(one).startswith(_CONNECTING)]

    def _result(self, request: int | str, library: asyncio.Future[Any]) -> Any:
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
            self._log(f"An answer of the gateway cannot be read: {error}")
            raise Unreadable(str(error)) from error

    def _take_disconnection(self, why: str) -> None:
        self._open.fail(self._open.all(), Broke(f"it hung up{why and f' ({why})'}"))


def _connecting(client_id: int) -> str:
    return f"{_CONNECTING} {client_id}"
