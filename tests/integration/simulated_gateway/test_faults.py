"""Every fault, wherever it can meet a client, and what the client gets to see of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import ib_async
import pytest

from adapters.simulated_gateway.fault_texts import parse_fault
from adapters.simulated_gateway.faults import (
    ALWAYS,
    TRANSIENT,
    Fault,
    FaultKind,
    FaultPlan,
    Stage,
    random_faults,
)
from adapters.simulated_gateway.server import SimulatedGateway
from tests.integration.simulated_gateway.conftest import Serving
from tests.integration.simulated_gateway.driving import (
    BARE,
    ask,
    connected,
    driven,
    history,
    refused,
    soon,
    until,
)
from tests.integration.simulated_gateway.instruments import STOCK

END = "2024-07-03T00:00:00"
ASKED: dict[Stage, Callable[[ib_async.IB], Awaitable[Any]]] = {
    Stage.RESOLVE: lambda ib: ib.reqContractDetailsAsync(STOCK),
    Stage.HEAD: lambda ib: ib.reqHeadTimeStampAsync(STOCK, "TRADES", True, 2),
    Stage.HISTORY: lambda ib: ask(ib, STOCK, "1 D", END),
    Stage.CURRENT_TIME: lambda ib: ib.reqCurrentTimeAsync(),
}
WITH_AN_ID = (Stage.RESOLVE, Stage.HEAD, Stage.HISTORY)
RAISED = {
    FaultKind.PACING_162: (162, "pacing violation"),
    FaultKind.PACING_420: (420, "pacing violation"),
    FaultKind.TOO_MANY_322: (322, "Only 50 simultaneous"),
    FaultKind.NO_DATA_162: (162, "HMDS query returned no data"),
    FaultKind.CANCELLED_162: (162, "query cancelled: "),
    FaultKind.NO_PERMISSIONS_162: (162, "No market data permissions"),
    FaultKind.NO_SECURITY_200: (200, "No security definition"),
    FaultKind.NOT_SUBSCRIBED_354: (354, "not subscribed"),
}
NOTICED = {
    FaultKind.PACING_100: [100],
    FaultKind.INVALID_321: [321],
    FaultKind.LOST_1100: [1100, 1102],
    FaultKind.LOST_1100_THEN_1101: [1100, 1101],
    FaultKind.FARM_2103: [2103, 2104],
    FaultKind.FARM_2105: [2105, 2106],
    FaultKind.FARM_2110: [2110, 1102],
}
OVER = {FaultKind.PACING_100, FaultKind.INVALID_321}


def codes_of(ib: ib_async.IB) -> list[int]:
    """Return the list into which the codes of errors and notices come."""
    codes: list[int] = []
    ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
    return codes


@pytest.mark.parametrize("stage", WITH_AN_ID)
@pytest.mark.parametrize("kind", RAISED)
def test_an_error_ends_the_request_once(
    gateway: SimulatedGateway, kind: FaultKind, stage: Stage
) -> None:
    gateway.set_faults([Fault(kind, stage)])
    code, words = RAISED[kind]

    async def doing(ib: ib_async.IB) -> None:
        with pytest.raises(ib_async.RequestError) as failed:
            await soon(ASKED[stage](ib))
        assert failed.value.code == code
        assert words in failed.value.message

    driven(gateway, doing)
    assert gateway.faults_left == 0
    assert gateway.open_requests == ()


@pytest.mark.parametrize("stage", ASKED)
@pytest.mark.parametrize("kind", NOTICED)
def test_a_notice_leaves_the_request_without_an_answer(
    gateway: SimulatedGateway, kind: FaultKind, stage: Stage
) -> None:
    gateway.set_faults([Fault(kind, stage, seconds=0.05)])

    async def doing(ib: ib_async.IB) -> None:
        codes = codes_of(ib)
        asking = asyncio.ensure_future(ASKED[stage](ib))
        await until(lambda: codes[-len(NOTICED[kind]) :] == NOTICED[kind])
        await asyncio.sleep(0.1)
        assert not asking.done()
        # What is not even open has been answered, as far as the gateway is concerned.
        assert len(gateway.open_requests) == (0 if kind in OVER else 1)
        asking.cancel()
        if stage is Stage.HISTORY:
            assert await ask(ib, STOCK, "1 D", END)

    driven(gateway, doing)


def test_while_the_gateway_is_cut_off_nothing_is_answered(gateway: SimulatedGateway) -> None:
    """Nor is it later: whoever waits for it, waits for ever."""
    gateway.set_faults([Fault(FaultKind.LOST_1100, seconds=0.5)])

    async def doing(ib: ib_async.IB) -> None:
        codes = codes_of(ib)
        asking = [asyncio.ensure_future(ask(ib, STOCK, "1 D", END)) for _ in range(3)]
        await until(lambda: 1100 in codes)
        async with connected(gateway, 2) as late:
            assert late.isConnected()
        await until(lambda: 1102 in codes)
        await until(lambda: len(gateway.requests(62)) >= 1)
        assert not any(one.done() for one in asking)
        assert len(gateway.open_requests) == 3
        assert await ask(ib, STOCK, "1 D", END)
        for one in asking:
            one.cancel()

    driven(gateway, doing)
    assert len(gateway.abandoned_requests) == 3


@pytest.mark.parametrize("stage", ASKED)
@pytest.mark.parametrize("kind", [FaultKind.DISCONNECT, FaultKind.DISCONNECT_MID_FRAME])
def test_a_lost_connection_fails_the_request(
    gateway: SimulatedGateway, kind: FaultKind, stage: Stage
) -> None:
    gateway.set_faults([Fault(kind, stage)])

    async def doing(ib: ib_async.IB) -> None:
        with pytest.raises(ConnectionError):
            await soon(ASKED[stage](ib))
        assert not ib.isConnected()

    driven(gateway, doing)
    assert len(history(gateway, STOCK, "1 D", END)) == 390
    assert len(gateway.abandoned_requests) == 1


def test_half_a_frame_arrives_before_the_connection_is_lost(gateway: SimulatedGateway) -> None:
    got: list[int] = []
    for kind in (FaultKind.DISCONNECT, FaultKind.DISCONNECT_MID_FRAME):
        gateway.set_faults([Fault(kind)])

        async def doing(ib: ib_async.IB) -> None:
            received: list[bytes] = []
            ib.client.conn.hasData += received.append
            with pytest.raises(ConnectionError):
                await ask(ib, STOCK, "1 D", END)
            got.append(sum(map(len, received)))

        driven(gateway, doing)
    assert got[1] > got[0] + 1000


@pytest.mark.parametrize("stage", ASKED)
def test_silence_lasts(gateway: SimulatedGateway, stage: Stage) -> None:
    gateway.set_faults([Fault(FaultKind.SILENCE, stage)])

    async def doing(ib: ib_async.IB) -> None:
        asking = asyncio.ensure_future(ASKED[stage](ib))
        await until(lambda: gateway.open_requests)
        await soon(ib.reqCurrentTimeAsync()) if stage is not Stage.CURRENT_TIME else None
        assert not asking.done()
        asking.cancel()

    driven(gateway, doing)


@pytest.mark.parametrize("stage", ASKED)
def test_a_slow_answer_is_the_right_one_and_holds_nobody_up(
    gateway: SimulatedGateway, stage: Stage
) -> None:
    async def doing(ib: ib_async.IB) -> None:
        await ask(ib, STOCK, "2 D", END)  # so that the calendar is at hand
        gateway.set_faults([Fault(FaultKind.SLOW, stage, seconds=1.0)])
        asking = asyncio.ensure_future(ASKED[stage](ib))
        await until(lambda: gateway.open_requests)
        assert await ask(ib, STOCK, "2 D", END)
        assert not asking.done()
        assert await soon(asking)

    driven(gateway, doing)


@pytest.mark.parametrize("stage", ASKED)
def test_garbage_cannot_be_decoded(
    gateway: SimulatedGateway, stage: Stage, undecodable: list[logging.LogRecord]
) -> None:
    gateway.set_faults([Fault(FaultKind.GARBAGE, stage)])

    async def doing(ib: ib_async.IB) -> None:
        asking = asyncio.ensure_future(ASKED[stage](ib))
        if stage is Stage.HEAD:
            with pytest.raises(ValueError, match="time data"):
                await soon(asking)
            return
        await until(lambda: undecodable)
        assert not asking.done()
        asking.cancel()

    driven(gateway, doing)
    assert bool(undecodable) == (stage is not Stage.HEAD)
    undecodable.clear()


CONNECTING = {
    FaultKind.DISCONNECT: [],
    FaultKind.DISCONNECT_MID_FRAME: [],
    FaultKind.SILENCE: [],
    FaultKind.CLIENT_ID_326: [326],
    FaultKind.PACING_100: [100],
    FaultKind.PACING_162: [162],
    FaultKind.INVALID_321: [321],
}


@pytest.mark.parametrize("kind", CONNECTING)
def test_a_connection_is_not_made(gateway: SimulatedGateway, kind: FaultKind) -> None:
    gateway.set_faults([Fault(kind, Stage.CONNECT)])

    async def session() -> list[int]:
        ib = ib_async.IB()
        codes = codes_of(ib)
        await refused(ib, gateway, lambda: not gateway.faults_left and codes == CONNECTING[kind])
        async with connected(gateway) as again:
            assert again.isConnected()
        return codes

    assert asyncio.run(session()) == CONNECTING[kind]


def test_a_garbled_version_makes_no_connection(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.GARBAGE, Stage.CONNECT)])

    asyncio.run(refused(ib_async.IB(), gateway, lambda: not gateway.faults_left))
    assert len(history(gateway, STOCK, "1 D", END)) == 390


def test_a_slow_handshake_is_one_all_the_same(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.SLOW, Stage.CONNECT, seconds=0.2)])
    assert len(history(gateway, STOCK, "1 D", END)) == 390


def test_whoever_connects_while_the_gateway_is_cut_off_is_told(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.LOST_1100, Stage.CONNECT, seconds=0.2)])

    async def session() -> list[int]:
        ib = ib_async.IB()
        codes = codes_of(ib)
        await ib.connectAsync("127.0.0.1", gateway.port, timeout=20, fetchFields=BARE)
        await until(lambda: 1102 in codes)
        ib.disconnect()
        await until(lambda: ib.client.conn.transport is None)
        return codes

    codes = asyncio.run(session())
    assert codes[0] == 1100
    assert codes[-1] == 1102


def test_faults_meet_the_requests_they_are_meant_for(gateway: SimulatedGateway) -> None:
    gateway.set_faults([Fault(FaultKind.NO_DATA_162, after=2, times=2)])

    async def doing(ib: ib_async.IB) -> list[bool]:
        went = []
        for _ in range(6):
            with contextlib.suppress(ib_async.RequestError):
                await ask(ib, STOCK, "1 D", END)
                went.append(True)
                continue
            went.append(False)
        return went

    assert driven(gateway, doing) == [True, True, False, False, True, True]


def test_of_faults_that_are_due_at_once_the_second_waits() -> None:
    plan = FaultPlan([Fault(FaultKind.SLOW, after=1), Fault(FaultKind.SILENCE, after=1)])
    due = [plan.due(Stage.HISTORY) for _ in range(4)]
    assert [one.kind if one else None for one in due] == [
        None,
        FaultKind.SLOW,
        FaultKind.SILENCE,
        None,
    ]


def test_a_fault_can_last_for_ever() -> None:
    plan = FaultPlan([Fault(FaultKind.SLOW, times=ALWAYS)])
    assert all(plan.due(Stage.HISTORY) for _ in range(1000))
    assert plan.due(Stage.HEAD) is None


def test_random_faults_are_those_of_their_seed_and_pass() -> None:
    assert random_faults(7, 20) == random_faults(7, 20)
    assert random_faults(7, 20) != random_faults(8, 20)
    drawn = [fault for seed in range(100) for fault in random_faults(seed, 10)]
    assert {fault.kind for fault in drawn} == set(TRANSIENT)
    assert {fault.stage for fault in drawn} == set(Stage) - {Stage.CURRENT_TIME}


def test_the_gateway_stops_while_a_slow_answer_is_due(serving: Serving) -> None:
    gateway = serving(faults=[Fault(FaultKind.SLOW, seconds=3600)])

    async def session() -> None:
        async with connected(gateway) as ib:
            asking = asyncio.ensure_future(ask(ib, STOCK, "1 D", END))
            await until(lambda: gateway.open_requests)
            await asyncio.to_thread(gateway.__exit__, None, None, None)
            with pytest.raises(ConnectionError):
                await soon(asking)

    asyncio.run(session())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("silence", Fault(FaultKind.SILENCE)),
        ("PACING_162", Fault(FaultKind.PACING_162)),
        ("lost-1100@head", Fault(FaultKind.LOST_1100, Stage.HEAD)),
        ("slow@current-time/2.5", Fault(FaultKind.SLOW, Stage.CURRENT_TIME, seconds=2.5)),
        ("disconnect:3x2", Fault(FaultKind.DISCONNECT, after=3, times=2)),
        (
            "lost-1100-then-1101@resolve:1xalways/9",
            Fault(FaultKind.LOST_1100_THEN_1101, Stage.RESOLVE, 1, ALWAYS, 9.0),
        ),
    ],
)
def test_a_fault_can_be_written_down(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "flood", "silence@", "silence:x2", "silencex", "slow/fast"])
def test_what_names_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no fault of the form"):
        parse_fault(text)
