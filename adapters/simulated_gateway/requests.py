"""What each message of a client asks, and who answers it."""

from __future__ import annotations

from adapters.simulated_gateway.bar_sizes import BAR_SIZES, is_paced
from adapters.simulated_gateway.contracts import CONTRACT_FIELDS
from adapters.simulated_gateway.faults import Stage
from adapters.simulated_gateway.gateway_state import GatewayState
from adapters.simulated_gateway.history_request import HistoryRequest
from adapters.simulated_gateway.limits import PacedRequest
from adapters.simulated_gateway.notices import NOBODY, error
from adapters.simulated_gateway.refusals import RefusedError, cancelled
from adapters.simulated_gateway.replies import Replies, Request
from adapters.simulated_gateway.seen import Seen
from adapters.simulated_gateway.startup import startup_answer
from adapters.simulated_gateway.stream import Stream

CONTRACT_DETAILS = 9
HISTORY = 20
CANCEL_HISTORY = 25
CURRENT_TIME = 49
MATCHING_SYMBOLS = 81
HEAD_TIMESTAMP = 87
CANCEL_HEAD_TIMESTAMP = 90


class Requests:
    """Handles the messages of one connection."""

    def __init__(self, gateway: GatewayState, stream: Stream) -> None:
        self._gateway = gateway
        self._stream = stream
        self._replies = Replies(gateway, stream)
        self._handlers = {
            CONTRACT_DETAILS: self._contract_details,
            HISTORY: self._history,
            CANCEL_HISTORY: self._cancel,
            CURRENT_TIME: self._current_time,
            MATCHING_SYMBOLS: self._matching_symbols,
            HEAD_TIMESTAMP: self._head_timestamp,
            CANCEL_HEAD_TIMESTAMP: self._cancel_head_timestamp,
        }

    async def handle(self, seen: Seen) -> None:
        """Answer a message.

        Raises:
            RefusedError: it is one that the gateway does not know.
            ValueError, IndexError: it is not well formed.
            HangUpError, ConnectionError: the connection is to end, or has ended.
        """
        handler = self._handlers.get(seen.message, self._about_the_account)
        await handler(seen)

    async def _about_the_account(self, seen: Seen) -> None:
        told = startup_answer(seen.fields)
        if told is None:
            raise RefusedError(505, f"Fatal Error: Unknown message id: {seen.message}")
        await self._stream.send(told)

    async def _contract_details(self, seen: Seen) -> None:
        fields, answers = seen.fields, self._gateway.answers
        asked = Request(Stage.RESOLVE, fields[2], seen, lambda: answers.contract_details(fields))
        await self._replies.to(asked)

    async def _matching_symbols(self, seen: Seen) -> None:
        _, request_id, pattern = seen.fields
        answers = self._gateway.answers
        asked = Request(
            Stage.RESOLVE, request_id, seen, lambda: answers.matching_symbols(request_id, pattern)
        )
        await self._replies.to(asked)

    async def _head_timestamp(self, seen: Seen) -> None:
        fields, answers = seen.fields, self._gateway.answers
        subject = ("head", *fields[2 : 2 + CONTRACT_FIELDS])
        asked = Request(
            Stage.HEAD,
            fields[1],
            seen,
            lambda: answers.head_timestamp(fields),
            PacedRequest((HEAD_TIMESTAMP, *fields[2:]), subject),
        )
        await self._replies.to(asked)

    async def _history(self, seen: Seen) -> None:
        asked = HistoryRequest.parse(seen.fields, seen.at, seen.connection)
        bar_type = BAR_SIZES.get(asked.bar_size)
        paced = None
        if bar_type and is_paced(bar_type):
            paced = PacedRequest(asked.what, (asked.contract, asked.what_to_show))
        answers = self._gateway.answers
        await self._replies.to(
            Request(Stage.HISTORY, asked.request_id, seen, lambda: answers.history(asked), paced)
        )

    async def _current_time(self, seen: Seen) -> None:
        now = self._gateway.now() // 1_000_000_000
        await self._replies.to(
            Request(Stage.CURRENT_TIME, str(NOBODY), seen, lambda: [(49, 1, now)])
        )

    async def _cancel(self, seen: Seen) -> None:
        request_id = seen.fields[2]
        refused = cancelled(request_id)
        if not self._gateway.seen.close(seen.connection, request_id):
            text = f"No historical data query found for ticker id:{request_id}"
            refused = RefusedError(366, text)
        await self._stream.send([error(request_id, refused)])

    async def _cancel_head_timestamp(self, seen: Seen) -> None:
        # Nothing is said to it, be there such a request or not.
        self._gateway.seen.close(seen.connection, seen.fields[1])
