"""How one request is answered: as the market has it, or as a fault or a limit wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import attrs

from adapters.simulated_gateway.faults import Fault, FaultKind, Stage
from adapters.simulated_gateway.frames import Message
from adapters.simulated_gateway.gateway_state import GatewayState
from adapters.simulated_gateway.limits import OPEN_REQUESTS, PacedRequest
from adapters.simulated_gateway.notices import NOBODY, OUTAGES, error, fault_error
from adapters.simulated_gateway.refusals import (
    HangUpError,
    RefusedError,
    pacing_violation,
    too_many_open,
)
from adapters.simulated_gateway.seen import Seen
from adapters.simulated_gateway.stream import Stream


@attrs.frozen(eq=False)
class Request:
    """A request that arrived: under which ID, and how it is answered.

    `answer` gives the messages, or raises `RefusedError` or `HangUpError`. `paced` is what the
    pacing rules see of it, None where they do not hold.
    """

    stage: Stage
    request_id: str
    seen: Seen
    answer: Callable[[], Sequence[Message]]
    paced: PacedRequest | None = None

    def messages(self) -> Sequence[Message]:
        """Return the answer, or the error that takes its place.

        Raises:
            HangUpError: the gateway does not bear it.
        """
        try:
            return self.answer()
        except RefusedError as refused:
            return [error(self.request_id, refused)]


class Replies:
    """Answers the requests of one connection."""

    def __init__(self, gateway: GatewayState, stream: Stream) -> None:
        self._gateway = gateway
        self._stream = stream

    async def to(self, request: Request) -> None:
        """Answer a request, now or later or never.

        Raises:
            HangUpError, ConnectionError: the connection is to end, or has ended.
        """
        refused = self._refusal(request)
        if refused:
            await self._stream.send([error(request.request_id, refused)])
            return
        self._gateway.seen.open(request.request_id, request.seen)
        if self._gateway.is_cut_off:
            return
        fault = self._gateway.faults.due(request.stage)
        if fault is None:
            await self._finish(request, request.messages())
        else:
            await self._meet(fault, request)

    def _refusal(self, request: Request) -> RefusedError | None:
        """Return why a request is not even looked at, if so."""
        gateway, seen = self._gateway, request.seen
        has_id = request.request_id != str(NOBODY)
        if has_id and gateway.seen.is_open(seen.connection, request.request_id):
            text = "Error processing request.-'bX' : cause - Duplicate ticker id"
            return RefusedError(322, text)
        if not gateway.enforce_limits:
            return None
        if request.stage is Stage.HISTORY:
            same = (one for one in gateway.seen.opened() if one.message == seen.message)
            if sum(1 for _ in same) >= OPEN_REQUESTS:
                return too_many_open()
        if request.paced and not gateway.limits.lets_through(request.paced, seen.at):
            return pacing_violation()
        return None

    async def _finish(self, request: Request, messages: Sequence[Message]) -> None:
        """Send the answer, unless it was cancelled meanwhile."""
        if self._gateway.seen.close(request.seen.connection, request.request_id):
            await self._stream.send(messages)

    async def _meet(self, fault: Fault, request: Request) -> None:
        self._gateway.tell(f"Fault {fault.kind.value} meets {request.stage.value}.")
        match fault.kind:
            case FaultKind.DISCONNECT:
                raise HangUpError
            case FaultKind.DISCONNECT_MID_FRAME:
                await self._stream.send_half(request.messages()[0])
                raise HangUpError
            case FaultKind.SILENCE:
                return
            case FaultKind.SLOW:
                self._gateway.start(self._finish_later(request, fault.seconds))
            case FaultKind.GARBAGE:
                await self._finish(request, [_garbage(request)])
            case kind if kind in OUTAGES:
                self._gateway.lose(fault)
            case kind:
                told = fault_error(kind, request.request_id)
                await self._finish(request, [told] if told else [])

    async def _finish_later(self, request: Request, seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            await self._finish(request, request.messages())
        except HangUpError:
            self._stream.close()
        except ConnectionError:
            return  # whoever asked is gone


def _garbage(request: Request) -> Message:
    """Return an answer that breaks off in the middle of a field's value."""
    first = [str(field) for field in request.messages()[0]]
    return (*first[:2], "\x7f", *first[3:-1])
