"""The gateway's client: the real ib_async, in a loop of its own for each test."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import ib_async
import numpy as np

from adapters.simulated_gateway.server import SimulatedGateway
from domain.bars import Bars
from tests.builders import utc

PATIENCE = 20.0
BARE = ib_async.StartupFetchNONE
Doing = Callable[[ib_async.IB], Coroutine[Any, Any, Any]]


async def soon[T](awaited: Awaitable[T]) -> T:
    """Await what must come; fail where it does not."""
    return await asyncio.wait_for(awaited, PATIENCE)


async def until(true: Callable[[], Any]) -> None:
    """Wait for something to become true; fail where it does not."""

    async def poll() -> None:
        while not true():
            await asyncio.sleep(0.005)

    await soon(poll())


@contextlib.asynccontextmanager
async def connected(
    gateway: SimulatedGateway, client_id: int = 1, *, timeout: float = PATIENCE
) -> AsyncIterator[ib_async.IB]:
    """Connect as a program would that raises the errors of its requests."""
    ib = ib_async.IB()
    ib.RaiseRequestErrors = True
    try:
        await ib.connectAsync(
            "127.0.0.1", gateway.port, clientId=client_id, timeout=timeout, fetchFields=BARE
        )
        yield ib
    finally:
        ib.disconnect()
        await until(lambda: ib.client.conn.transport is None)


async def refused(
    ib: ib_async.IB, gateway: SimulatedGateway, seen: Callable[[], Any], client_id: int = 1
) -> None:
    """Try to connect until `seen` is true, which must be before there is a connection."""
    connecting = asyncio.ensure_future(
        ib.connectAsync(
            "127.0.0.1", gateway.port, clientId=client_id, timeout=PATIENCE, fetchFields=BARE
        )
    )
    await until(seen)
    await asyncio.sleep(0.1)
    assert not ib.isConnected()
    connecting.cancel()
    with contextlib.suppress(asyncio.CancelledError, ConnectionError):
        await connecting
    await until(lambda: ib.client.conn.transport is None)


def driven(gateway: SimulatedGateway, doing: Doing) -> Any:
    """Return what comes of `doing`, which is given a connection."""

    async def session() -> Any:
        async with connected(gateway) as ib:
            return await doing(ib)

    return asyncio.run(session())


async def ask(
    ib: ib_async.IB,
    contract: ib_async.Contract,
    duration: str,
    end: str | dt.datetime = "",
    *,
    size: str = "1 min",
    shows: str = "TRADES",
    rth: bool = True,
    form: int = 2,
) -> ib_async.BarDataList:
    """Ask for bars; `end` is ISO 8601 in UTC, or empty for now."""
    at = (
        dt.datetime.fromtimestamp(utc(end) // 10**9, dt.UTC)
        if isinstance(end, str) and end
        else end
    )
    request = ib.reqHistoricalDataAsync(
        contract, at, duration, size, shows, rth, formatDate=form, timeout=0
    )
    return await soon(request)


def history(
    gateway: SimulatedGateway, contract: ib_async.Contract, duration: str, end: str = "", **how: Any
) -> ib_async.BarDataList:
    """Return bars over a connection of their own."""
    return driven(gateway, lambda ib: ask(ib, contract, duration, end, **how))


def opens(bars: ib_async.BarDataList) -> list[str]:
    """Return the stamps of intraday bars in UTC, without a year's seconds: `01-02 14:30`."""
    return [f"{bar.date:%m-%d %H:%M}" for bar in bars]


def as_received(bars: Bars) -> list[tuple[int, float, float, float, float, float]]:
    """Return served bars as their numbers must arrive: epoch second, prices and volume."""
    price, size = 10.0**bars.price_precision, 10.0**bars.size_precision
    rows = zip(*(column.tolist() for column in bars.columns()), strict=True)
    return [
        (at // 10**9, open_ / price, high / price, low / price, close / price, volume / size)
        for at, _, open_, high, low, close, volume in rows
    ]


def received(bars: ib_async.BarDataList) -> list[tuple[int, float, float, float, float, float]]:
    """Return what arrived in the same form."""
    return [
        (int(bar.date.timestamp()), bar.open, bar.high, bar.low, bar.close, bar.volume)
        for bar in bars
    ]


def bars_at(*opens_: int, length: int = 60 * 10**9, price: int = 10_000) -> Bars:
    """Return bars that open at these instants, UTC nanoseconds, of rising prices in cents."""
    at = np.array(opens_, np.int64)
    value = price + np.arange(len(at), dtype=np.int64)
    volume = np.full(len(at), 100, np.int64)
    return Bars(at, at + length, value, value + 2, value - 2, value + 1, volume, 2, 0)


def clock_bars(start: str, end: str, length: int = 60 * 10**9) -> Bars:
    """Return bars one after the other from `start` to `end`, ISO 8601 in UTC."""
    return bars_at(*range(utc(start), utc(end), length), length=length)
