"""One connection to a gateway at a time, made when it is needed and again after it broke."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from adapters.ibkr.address import Address
from adapters.ibkr.client_ids import ClientIds, HeldClientId
from adapters.ibkr.connection import Connection
from adapters.ibkr.failures import Broke, ClientIdTaken
from adapters.ibkr.gate import told_each_second
from adapters.ibkr.patience import Patience
from domain.errors import ClientIdTakenError, GatewayUnreachableError
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
        self._was_connected = False

    async def usable(self) -> Connection:
        """Return the connection, made anew where there is none.

        Raises:
            GatewayUnreachableError, ClientIdTakenError: it could not be made the first time.
            Broke: it could not be made again, or the gateway has lost its own to IBKR.
        """
        if self._connection is not None and self._connection.is_usable:
            if self._connection.is_cut:
                raise Broke("the gateway has lost its connection to IBKR's servers")
            return self._connection
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(self._connected)
        return await asyncio.shield(self._connecting)

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
        for _ in range(_MOST_CLIENT_IDS):
            connection = Connection(self._new_ib(), self._patience.answer, self._log)
            try:
                await self._open(connection, held.number)
            except ClientIdTaken:
                await connection.close()
                if held.is_named:
                    raise self._taken(held.number) from None
                held.next()
            except BaseException:
                await connection.close()
                raise
            else:
                return connection
        raise self._taken(held.number)

    async def _open(self, connection: Connection, number: int) -> None:
        host, port = self._address.host, self._address.port
        try:
            async with told_each_second(self._tell, self._patience.connect):
                await connection.connect(host, port, number, self._patience.connect)
        except (OSError, TimeoutError) as error:
            if self._was_connected:
                raise Broke(f"no gateway answers at {self._address}") from error
            raise _unreachable(self._address, error) from error
        except Broke as error:
            if self._was_connected:
                raise
            raise _unreachable(self._address, error) from error

    def _taken(self, number: int) -> ClientIdTakenError:
        return ClientIdTakenError(
            f"The gateway at {self._address} says that client ID {number} is in use.",
            "Another program is connected under it. Name another with --client-id, or none: then "
            "a free one is taken.",
        )


def _unreachable(address: Address, error: Exception) -> GatewayUnreachableError:
    if isinstance(error, ConnectionRefusedError):
        what = "nothing listens there"
    elif isinstance(error, TimeoutError):
        what = "it did not answer as a gateway does: it may not be logged in yet"
    else:
        what = str(error) or type(error).__name__
    return GatewayUnreachableError(
        f"No IBKR Gateway can be reached at {address}: {what}.",
        "Start one with: docker compose up ibgateway. Or name another with --host and --port, "
        "or BARLEDGER_IBKR_HOST and BARLEDGER_IBKR_PORT.",
    )
