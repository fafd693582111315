"""One connection to a gateway at a time, made when it is needed and again after it broke."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from adapters.ibkr.address import Address
from adapters.ibkr.client_ids import ClientIds, HeldClientId
from adapters.ibkr.connection import Connection
from adapters.ibkr.failures import Broke, ClientIdTaken, HungUp
from adapters.ibkr.gate import told_each_second
from adapters.ibkr.patience import Patience
from adapters.ibkr.unreachable import taken, unreachable, why_not
from domain.errors import BarledgerError
from domain.fetching import Waiting

_MOST_CLIENT_IDS = 8


class Session:
    """Keeps a connection. It is used from one event loop alone."""

    def __init__(
        self,
        address: Address,
        client_ids: ClientIds,
        new_ib: Callable[[], Any],
        patience: Patience,
        log: Callable[[str], None],
        tell: Callable[[Waiting], None],
    ) -> None:
        self._address = address
        self._client_ids = client_ids
        self._client_id: HeldClientId | None = None
        self._new_ib = new_ib
        self._patience = patience
        self._log = log
        self._tell = tell
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[Connection] | None = None
        self._was_taken = False
        """Whether a gateway took a connection, be it that it closed it at once."""
        self._was_connected = False

    async def usable(self) -> Connection:
        """Return the connection, made anew where there is none.

        Raises:
            GatewayUnreachableError, ClientIdTakenError: it could not be made the first time.
            HungUp: nor was it, but there is a gateway, or was.
            Broke: it could not be made again, or the gateway has lost its own to IBKR.
        """
        connection = self._connection
        if connection is None or not connection.is_usable:
            if self._connecting is None:
                self._connecting = asyncio.ensure_future(self._connect())
                self._connecting.add_done_callback(self._connected)
            connection = await asyncio.shield(self._connecting)
        if connection.is_cut:
            raise Broke("the gateway has lost its connection to IBKR's servers")
        return connection

    def _connected(self, task: asyncio.Task[Connection]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._connection = task.result()
            self._was_connected = True

    async def close(self) -> None:
        """Disconnect; requests that are still open fail."""
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._connecting
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        if self._client_id is not None:
            self._client_id.release()
            self._client_id = None

    async def _connect(self) -> Connection:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        held = self._client_id = self._client_id or self._client_ids.take(self._address.client_id)
        for others in range(1 if held.is_named else _MOST_CLIENT_IDS):
            if others:
                held.next()
            connection = Connection(self._new_ib(), self._patience.answer, self._log)
            try:
                await self._open(connection, held.number)
            except ClientIdTaken:
                await connection.close()
            except BaseException:
                await connection.close()
                raise
            else:
                return connection
        raise self._taken(held)

    async def _open(self, connection: Connection, number: int) -> None:
        host, port = self._address.host, self._address.port
        try:
            async with told_each_second(self._tell, self._patience.connect):
                await connection.connect(host, port, number, self._patience.connect)
        except (OSError, TimeoutError, Broke) as error:
            raise self._failed(error, why_not(error, connection.told)) from error

    def _failed(self, error: Exception, why: str) -> BarledgerError | Broke:
        """Return what is raised where connecting failed.

        It is tried again where a gateway was met, which may be restarted just now.
        """
        hung_up = isinstance(error, Broke)
        self._was_taken |= hung_up
        if self._was_connected:
            return Broke(f"no gateway answers at {self._address}: {why}")
        listens = hung_up or isinstance(error, TimeoutError)
        failed = unreachable(self._address, why, listens=listens)
        return HungUp(failed) if self._was_taken else failed

    def _taken(self, held: HeldClientId) -> BarledgerError | Broke:
        error = taken(self._address, held, _MOST_CLIENT_IDS)
        # A gateway that has not noticed yet that a connection broke still has its client.
        return Broke(error.message) if self._was_connected else error
