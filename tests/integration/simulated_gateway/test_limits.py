"""Limits that the gateway enforces, and requests that are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import ib_async
import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from adapters.simulated_gateway.server import SimulatedGateway
from domain.bar_type import BarType
from tests.builders import utc
from tests.integration.simulated_gateway.conftest import Serving
from tests.integration.simulated_gateway.driving import (
    ask,
    clock_bars,
    connected,
    driven,
    soon,
    until,
)
from tests.integration.simulated_gateway.instruments import EQUITY, STOCK, series

SECONDS = clock_bars("2024-07-02T14:00:00", "2024-07-02T14:10:00", 30 * 10**9)
SERVED = {series(EQUITY, "30_SEC"): SECONDS}
END = "2024-07-03T00:00:00"


class Hand:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def paced(serving: Serving, hand: Hand) -> SimulatedGateway:
    """Return a gateway that serves bars of 30 seconds by a clock that the test sets."""
    return serving(SERVED, clock=hand)


async def outcome(ib: ib_async.IB, end: str = END) -> int:
    """Ask for bars of 30 seconds, and return the code of the pacing violation, 0 for none."""
    try:
        await ask(ib, STOCK, "1 D", end, size="30 secs")
    except ib_async.RequestError as error:
        if "pacing violation" not in error.message:
            raise
        return error.code
    return 0


def test_identical_requests_for_small_bars_lie_15_seconds_apart(
    paced: SimulatedGateway, hand: Hand
) -> None:
    async def doing(ib: ib_async.IB) -> list[int]:
        met = [await outcome(ib), await outcome(ib)]
        hand.at += 14.9
        met.append(await outcome(ib))
        hand.at += 0.2
        met.append(await outcome(ib))
        return met

    assert driven(paced, doing) == [0, 162, 162, 0]


def test_identical_requests_for_a_head_do_too(paced: SimulatedGateway, hand: Hand) -> None:
    async def doing(ib: ib_async.IB) -> None:
        await soon(ib.reqHeadTimeStampAsync(STOCK, "TRADES", True, 2))
        with pytest.raises(ib_async.RequestError, match="pacing violation"):
            await soon(ib.reqHeadTimeStampAsync(STOCK, "TRADES", True, 2))
        hand.at += 15.1
        await soon(ib.reqHeadTimeStampAsync(STOCK, "TRADES", True, 2))

    driven(paced, doing)


def ends() -> Iterator[str]:
    """Yield ends that make each request another one."""
    for second in range(100):
        yield f"2024-07-02T{20 + second // 60}:{second % 60:02}:00"


def test_of_one_contract_five_requests_may_come_in_two_seconds(
    paced: SimulatedGateway, hand: Hand
) -> None:
    async def doing(ib: ib_async.IB) -> list[int]:
        each = ends()
        met = [await outcome(ib, next(each)) for _ in range(6)]
        hand.at += 2.1
        return [*met, await outcome(ib, next(each))]

    assert driven(paced, doing) == [0, 0, 0, 0, 0, 162, 0]


def test_sixty_requests_may_come_in_ten_minutes(paced: SimulatedGateway, hand: Hand) -> None:
    async def doing(ib: ib_async.IB) -> list[int]:
        met, each = [], ends()
        for _ in range(61):
            hand.at += 3
            met.append(await outcome(ib, next(each)))
        hand.at += 600
        return [*met, await outcome(ib, next(each))]

    assert driven(paced, doing) == [0] * 60 + [162, 0]


def test_bars_of_a_minute_are_not_paced(gateway: SimulatedGateway) -> None:
    async def doing(ib: ib_async.IB) -> None:
        for _ in range(10):
            assert await ask(ib, STOCK, "1 D", END)

    driven(gateway, doing)


def test_without_limits_nothing_is_paced(serving: Serving) -> None:
    gateway = serving(SERVED, enforce_limits=False)
    assert driven(gateway, lambda ib: _twice(ib)) == [0, 0]


async def _twice(ib: ib_async.IB) -> list[int]:
    return [await outcome(ib), await outcome(ib)]


def test_fifty_messages_in_a_second_are_borne_and_the_third_too_many_is_the_end(
    serving: Serving, hand: Hand
) -> None:
    gateway = serving(clock=hand)
    codes: list[int] = []

    async def doing(ib: ib_async.IB) -> None:
        ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        hand.at += 10
        ib.client.MaxRequests = 0
        for _ in range(50):
            await soon(ib.reqCurrentTimeAsync())
        ib.client.reqCurrentTime()
        await until(lambda: codes.count(100) == 1)
        hand.at += 1.1
        await soon(ib.reqCurrentTimeAsync())
        for _ in range(51):
            ib.client.reqCurrentTime()
        await until(lambda: not ib.isConnected())

    driven(gateway, doing)
    assert codes.count(100) == 3


def test_messages_are_counted_for_all_clients_together(serving: Serving, hand: Hand) -> None:
    gateway = serving(clock=hand)
    codes: list[int] = []

    async def session() -> None:
        async with connected(gateway, 1) as one, connected(gateway, 2) as other:
            hand.at += 10
            for _ in range(25):
                await soon(one.reqCurrentTimeAsync())
                await soon(other.reqCurrentTimeAsync())
            other.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
            other.client.reqCurrentTime()
            await until(lambda: 100 in codes)

    asyncio.run(session())


def test_fifty_requests_for_history_may_be_open(serving: Serving, hand: Hand) -> None:
    gateway = serving(faults=[Fault(FaultKind.SILENCE, times=ALWAYS)], clock=hand)

    async def doing(ib: ib_async.IB) -> None:
        ib.client.MaxRequests = 0
        asking = []
        for _ in range(50):
            hand.at += 0.1
            asking.append(asyncio.ensure_future(ask(ib, STOCK, "1 D", END)))
            await until(lambda: len(gateway.open_requests) == len(asking))
        with pytest.raises(ib_async.RequestError, match="Only 50 simultaneous") as failed:
            await ask(ib, STOCK, "1 D", END)
        assert failed.value.code == 322
        for one in asking:
            one.cancel()

    driven(gateway, doing)


def test_a_request_can_be_cancelled(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.SLOW, seconds=0.2)])

    async def doing(ib: ib_async.IB) -> None:
        asking = asyncio.ensure_future(ask(ib, STOCK, "1 D", END))
        await until(lambda: gateway.open_requests)
        (request,) = gateway.open_requests
        ib.client.cancelHistoricalData(int(request.fields[1]))
        with pytest.raises(ib_async.RequestError, match=f"query cancelled: {request.fields[1]}"):
            await soon(asking)
        assert gateway.open_requests == ()
        # The answer that was on its way must not come any more.
        received: list[bytes] = []
        ib.client.conn.hasData += received.append
        await asyncio.sleep(0.3)
        assert received == []

    driven(gateway, doing)
    assert len(gateway.requests(25)) == 1


def test_what_is_not_open_cannot_be_cancelled(gateway: SimulatedGateway) -> None:
    async def doing(ib: ib_async.IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        ib.client.cancelHistoricalData(12345)
        await until(lambda: codes == [366])

    driven(gateway, doing)


def test_a_head_that_is_cancelled_is_no_longer_open(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.SILENCE, Stage.HEAD)])

    async def doing(ib: ib_async.IB) -> None:
        asking = asyncio.ensure_future(ib.reqHeadTimeStampAsync(STOCK, "TRADES", True, 2))
        await until(lambda: gateway.open_requests)
        (request,) = gateway.open_requests
        ib.client.cancelHeadTimeStamp(int(request.fields[1]))
        await until(lambda: not gateway.open_requests)
        asking.cancel()

    driven(gateway, doing)


def test_one_id_cannot_be_used_twice_at_once(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.SILENCE)])

    async def doing(ib: ib_async.IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        for _ in range(2):
            ib.client.reqHistoricalData(9, STOCK, "", "1 D", "1 min", "TRADES", True, 2, False, [])
        await until(lambda: codes == [322])

    driven(gateway, doing)


def test_every_bar_size_has_its_name() -> None:
    from adapters.simulated_gateway.bar_sizes import BAR_SIZES

    assert set(BAR_SIZES.values()) == set(BarType.all())
    assert {"1 secs", "1 min", "2 mins", "1 hour", "8 hours", "1 day", "1 week"} <= set(BAR_SIZES)


def test_another_market_can_be_served(gateway: SimulatedGateway) -> None:
    from adapters.simulated_gateway.market import Market, listing_of

    later = clock_bars("2024-07-15T14:00:00", "2024-07-15T14:05:00")
    gateway.set_market(Market([listing_of(EQUITY, 1000)], {series(EQUITY, "1_MIN"): later}))
    got = driven(gateway, lambda ib: ask(ib, STOCK, "1 D", "2024-07-16T00:00:00"))
    assert int(got[0].date.timestamp()) == utc("2024-07-15T14:00:00") // 10**9
