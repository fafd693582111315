"""One connection: its handshake, and its messages one after the other until it ends."""

from __future__ import annotations

import asyncio
import contextlib

from adapters.simulated_gateway.admission import admit
from adapters.simulated_gateway.frames import BrokenFrameError, Fields
from adapters.simulated_gateway.gateway_state import GatewayState
from adapters.simulated_gateway.limits import MESSAGES_PER_SECOND, VIOLATIONS_BORNE
from adapters.simulated_gateway.notices import NOBODY, error, too_fast
from adapters.simulated_gateway.refusals import HangUpError, RefusedError
from adapters.simulated_gateway.requests import Requests
from adapters.simulated_gateway.seen import Seen
from adapters.simulated_gateway.stream import Stream


class Client:
    """Serves one socket."""

    def __init__(self, gateway: GatewayState, stream: Stream) -> None:
        self._gateway = gateway
        self._stream = stream
        self._requests = Requests(gateway, stream)
        self._number = gateway.next_connection()
        self._id = NOBODY
        self._violations = 0

    async def serve(self) -> None:
        """Answer until the client or the gateway hangs up."""
        try:
            with contextlib.suppress(
                asyncio.IncompleteReadError, ConnectionError, BrokenFrameError, HangUpError
            ):
                self._id = await admit(self._gateway, self._stream, self._began)
                while True:
                    await self._take(await self._stream.read())
            self._stream.close()
        except BaseException:
            self._stream.abort()
            raise
        finally:
            self._leave()

    def _began(self, client_id: int, fields: Fields) -> None:
        self._gateway.tell(f"Connection {self._number} is client {client_id}.")
        self._note(client_id, fields)

    def _note(self, client_id: int, fields: Fields) -> Seen:
        seen = Seen(self._gateway.clock(), self._number, client_id, int(fields[0]), fields)
        self._gateway.seen.add(seen)
        self._gateway.limits.count(seen.at)
        return seen

    async def _take(self, fields: Fields) -> None:
        """Answer a message, or say what is wrong with it."""
        try:
            seen = self._note(self._id, fields)
            self._gateway.tell(f"Connection {self._number} asks {','.join(fields)}")
            await self._keep_pace()
            await self._requests.handle(seen)
        except (ValueError, IndexError) as problem:
            refused = RefusedError(320, f"Server error when reading a request: {problem}")
            await self._stream.send([error(NOBODY, refused)])
        except RefusedError as refusal:
            await self._stream.send([error(NOBODY, refusal)])

    async def _keep_pace(self) -> None:
        """Drop a message that came as one too many in a second, from all clients together.

        Raises:
            RefusedError: so it is.
            HangUpError: some of this client were before it.
        """
        within = self._gateway.limits.within_second
        if not self._gateway.enforce_limits or within <= MESSAGES_PER_SECOND:
            return
        self._violations += 1
        refused = too_fast(within, self._violations)
        if self._violations > VIOLATIONS_BORNE:
            await self._stream.send([error(NOBODY, refused)])
            raise HangUpError
        raise refused

    def _leave(self) -> None:
        if self._gateway.clients.get(self._id) is self._stream:
            del self._gateway.clients[self._id]
        self._gateway.seen.abandon(self._number)
        self._gateway.tell(f"Connection {self._number} is closed.")
