"""How a client connects, and how connections end."""

from __future__ import annotations

import asyncio
import socket

import ib_async
import pytest

from adapters.simulated_gateway.server import SimulatedGateway
from tests.integration.simulated_gateway.conftest import Serving
from tests.integration.simulated_gateway.driving import (
    BARE,
    connected,
    driven,
    refused,
    soon,
    until,
)


def test_a_client_connects_and_is_told_of_the_farms(gateway: SimulatedGateway) -> None:
    notices: list[int] = []

    async def session() -> ib_async.IB:
        ib = ib_async.IB()
        ib.errorEvent += lambda _id, code, _text, _contract: notices.append(code)
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=7, timeout=20, fetchFields=BARE)
        assert ib.client.serverVersion() == 178
        assert ib.managedAccounts() == ["DU1234567"]
        await until(lambda: len(notices) == 3)
        ib.disconnect()
        await until(lambda: ib.client.conn.transport is None)
        return ib

    asyncio.run(session())
    assert notices == [2104, 2106, 2158]
    assert [(seen.message, seen.client_id) for seen in gateway.seen] == [(71, 7), (61, 7)]


@pytest.mark.parametrize("client_id", [0, 5])
def test_a_client_that_asks_for_everything_of_the_account_is_answered(
    gateway: SimulatedGateway, client_id: int
) -> None:
    async def session() -> None:
        ib = ib_async.IB()
        await ib.connectAsync(
            "127.0.0.1", gateway.port, clientId=client_id, timeout=20, raiseSyncErrors=True
        )
        assert ib.positions() == []
        assert await soon(ib.accountSummaryAsync()) == []
        ib.disconnect()
        await until(lambda: ib.client.conn.transport is None)

    asyncio.run(session())
    assert {5, 6, 7, 61, 62, 71, 76, 99} <= {seen.message for seen in gateway.seen}


def test_a_client_id_in_use_is_refused_and_free_again_afterwards(
    gateway: SimulatedGateway,
) -> None:
    codes: list[int] = []

    async def session() -> None:
        async with connected(gateway, 4):
            second = ib_async.IB()
            second.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
            await refused(second, gateway, lambda: codes, client_id=4)
            async with connected(gateway, 5) as other:
                assert other.isConnected()
        async with connected(gateway, 4) as again:
            assert again.isConnected()

    asyncio.run(session())
    assert codes == [326]


def test_the_time_is_told(gateway: SimulatedGateway) -> None:
    at = driven(gateway, lambda ib: soon(ib.reqCurrentTimeAsync()))
    assert f"{at:%Y-%m-%d %H:%M}" == "2024-12-31 22:00"


def test_dropped_connections_fail_what_is_open(gateway: SimulatedGateway) -> None:
    async def session() -> None:
        async with connected(gateway) as ib:
            gateway.drop_connections()
            await until(lambda: not ib.isConnected())

    asyncio.run(session())


def test_a_port_in_use_is_an_error(gateway: SimulatedGateway, serving: Serving) -> None:
    with pytest.raises(OSError, match="in use"):
        serving(port=gateway.port)


def test_whoever_speaks_otherwise_is_hung_up_on(gateway: SimulatedGateway) -> None:
    for hello in (b"GET / HTTP/1.1\r\n\r\n", b"API\0\0\0\0\x09v100..150", b"API\0\xff\xff\xff\xff"):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as raw:
            raw.sendall(hello)
            assert _all_of(raw) == b""
    assert gateway.seen == ()


def _all_of(raw: socket.socket) -> bytes:
    got = b""
    try:
        while more := raw.recv(1000):
            got += more
    except ConnectionError:
        pass
    return got


def test_a_message_that_nobody_knows_or_understands_is_an_error(
    gateway: SimulatedGateway,
) -> None:
    codes: list[int] = []

    async def doing(ib: ib_async.IB) -> None:
        ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        ib.client.send(104, 1)
        ib.client.send(9, 8, 3)
        ib.client.send(20, 3, "what")
        ib.client.send("so")
        await until(lambda: len(codes) == 4)
        assert ib.isConnected()

    driven(gateway, doing)
    assert codes == [505, 320, 320, 320]


def test_the_gateway_stops_while_clients_wait(serving: Serving) -> None:
    async def session() -> None:
        gateway = serving(now=0)
        async with connected(gateway) as ib:
            lost = asyncio.Event()
            ib.disconnectedEvent += lost.set
            await asyncio.to_thread(gateway.__exit__, None, None, None)
            await soon(lost.wait())

    asyncio.run(session())
