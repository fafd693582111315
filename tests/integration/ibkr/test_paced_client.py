"""The library sends nothing before it may, and in the order in which it was asked to."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import weakref
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from ib_async import RequestError, StartupFetchNONE, Stock
from ib_async.client import Client

from adapters.ibkr import limits
from adapters.ibkr.connection import Connection
from adapters.ibkr.failures import Broke, NoAnswer
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.paced_client import PacedClient, PacedIB, paced_ib
from adapters.ibkr.rate import MessageRate
from tests.integration.ibkr.arrivals import Listener, listening, most_within
from tests.integration.ibkr.gateway_user import tell

A_WHILE = 30
TSLA = Stock("TSLA", "SMART", "USD")
CONNECTING = ["API", "71", "61"]


class Gate:
    """A rate that lets so many messages pass as it is told to."""

    def __init__(self, open_for: int) -> None:
        self.asked = 0
        self._free = asyncio.Semaphore(open_for)
        self._free_cancels = asyncio.Semaphore(100)

    async def wait(self, *, cancels: bool = False) -> None:
        self.asked += 1
        await (self._free_cancels if cancels else self._free).acquire()

    def open(self, messages: int) -> None:
        for _ in range(messages):
            self._free.release()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_undecodable(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [one for one in caplog.records if one.name == "ib_async.Decoder"] == []


def _run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test in a loop of its own, and see that it leaves nothing behind there."""

    async def bounded() -> None:
        async with asyncio.timeout(A_WHILE):
            await test()
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.001)

    asyncio.run(bounded())


async def _connected(ib: PacedIB, listener: Listener) -> None:
    await ib.connectAsync(
        "127.0.0.1", listener.port, clientId=7, timeout=A_WHILE, fetchFields=StartupFetchNONE
    )


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def _ask(ib: PacedIB, request: int) -> None:
    ib.client.reqHistoricalData(request, TSLA, "", "1 D", "1 min", "TRADES", True, 2, False, [])


def test_everything_that_the_library_sends_waits_until_it_may(listener: Listener) -> None:
    async def test() -> None:
        gate = Gate(0)
        ib = paced_ib(gate)
        connecting = asyncio.create_task(_connected(ib, listener))
        for count in range(1, 4):
            gate.open(1)
            await _until(lambda count=count: len(listener.messages) == count)
        await connecting
        start = asyncio.create_task(ib.reqHeadTimeStampAsync(TSLA, "TRADES", True, 2))
        gate.open(1)
        await _until(lambda: listener.kinds()[3:] == ["87"])
        request = listener.messages[-1][1]
        listener.send("88", request, "1277818200")
        await start
        listener.send("4", "2", "-1", "1102", "Connectivity has been restored", "")
        await asyncio.sleep(0.05)
        assert listener.kinds() == [*CONNECTING, "87"]
        gate.open(2)
        await _until(lambda: listener.kinds() == [*CONNECTING, "87", "90", "62"])
        ib.disconnect()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if "reqAccountSummaryAsync" in repr(task):
                task.cancel()  # the library never waits for what it starts after 1102

    _run(test)


def test_messages_go_out_in_order_and_all_of_them(listener: Listener) -> None:
    async def test() -> None:
        gate = Gate(3)
        ib = paced_ib(gate)
        await _connected(ib, listener)
        for number in range(100):
            ib.client.send(9, 8, number)
        assert not await ib.client.flush(0.01)
        gate.open(100)
        assert await ib.client.flush(A_WHILE)
        ib.disconnect()
        await _until(lambda: len(listener.messages) == 103)
        sent = [int(fields[2]) for fields in listener.messages if fields[0] == "9"]
        assert sent == list(range(100))

    _run(test)


def test_a_cancel_overtakes_what_waits(listener: Listener) -> None:
    async def test() -> None:
        gate = Gate(4)
        ib = paced_ib(gate)
        await _connected(ib, listener)
        _ask(ib, 1)
        await _until(lambda: listener.kinds() == [*CONNECTING, "20"])
        for number in range(2, 9):
            _ask(ib, number)
        ib.client.cancelHistoricalData(1)
        await _until(lambda: listener.messages[-1] == ("25", "1", "1"))
        gate.open(7)
        await _until(lambda: len(listener.messages) == 12)
        assert [fields[1] for fields in listener.messages[5:]] == list("2345678")
        ib.disconnect()

    _run(test)


def test_a_request_that_is_cancelled_before_it_was_sent_is_not_sent(listener: Listener) -> None:
    async def test() -> None:
        gate = Gate(3)
        ib = paced_ib(gate)
        await _connected(ib, listener)
        for number in (1, 11, 111):
            _ask(ib, number)
        ib.client.cancelHistoricalData(11)
        gate.open(3)
        assert await ib.client.flush(A_WHILE)
        ib.client.cancelHistoricalData(1)
        await _until(lambda: listener.kinds() == [*CONNECTING, "20", "20", "25"])
        assert [fields[1] for fields in listener.messages[3:5]] == ["1", "111"]
        assert listener.messages[-1] == ("25", "1", "1")
        ib.disconnect()

    _run(test)


@pytest.mark.parametrize("by_gateway", [True, False])
def test_what_waits_is_dropped_with_the_connection(listener: Listener, by_gateway: bool) -> None:
    async def test() -> None:
        gate = Gate(3)
        ib = paced_ib(gate)
        await _connected(ib, listener)
        for number in range(5):
            _ask(ib, number)
        if by_gateway:
            listener.hang_up()
            await _until(lambda: not ib.client.isConnected())
        else:
            ib.disconnect()
        assert await ib.client.flush(0)
        with pytest.raises(ConnectionError):
            _ask(ib, 6)
        connecting = asyncio.create_task(_connected(ib, listener))
        for _ in range(100):
            gate.open(1)
            await asyncio.sleep(0.002)
        await connecting
        ib.client.send(9, 8, "after")
        await _until(lambda: listener.kinds() == [*CONNECTING, *CONNECTING, "9"])
        ib.disconnect()

    _run(test)


def test_a_connection_can_be_forgotten_after_its_loop_has_ended() -> None:
    loop = asyncio.new_event_loop()
    client = paced_ib(Gate(0)).client

    async def ask() -> None:
        client.sendMsg("49\0001\000")
        await asyncio.sleep(0.01)

    loop.run_until_complete(ask())
    loop.close()
    client.reset()
    assert asyncio.run(client.flush(0))


def test_a_rate_that_fails_ends_the_connection_rather_than_let_requests_hang(
    listener: Listener,
) -> None:
    class Broken(Gate):
        async def wait(self, *, cancels: bool = False) -> None:
            await super().wait(cancels=cancels)
            if self.asked > 3:
                raise RuntimeError("broken")

    async def test() -> None:
        ib = paced_ib(Broken(100))
        await _connected(ib, listener)
        with pytest.raises(ConnectionError):
            await ib.reqContractDetailsAsync(TSLA)

    _run(test)


def test_text_that_cannot_be_sent_is_refused_where_it_is_asked_for(listener: Listener) -> None:
    async def test() -> None:
        ib = paced_ib(Gate(100))
        await _connected(ib, listener)
        with pytest.raises(UnicodeEncodeError):
            ib.client.send(9, 8, "\udc80")
        ib.client.send(9, 8, "well")
        await _until(lambda: listener.kinds() == [*CONNECTING, "9"])
        ib.disconnect()

    _run(test)


def test_nothing_knows_the_client_that_the_library_made_first(listener: Listener) -> None:
    made: list[weakref.ref[Client]] = []
    make = Client.__init__

    def noted(client: Client, wrapper: object) -> None:
        made.append(weakref.ref(client))
        make(client, wrapper)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "__init__", noted)
        ib = paced_ib(Gate(3))
    gc.collect()
    assert [type(one()) for one in made] == [type(None), PacedClient]
    assert ib.client is made[1]()
    ended: list[str] = []
    ib.disconnectedEvent += lambda: ended.append("once")

    async def test() -> None:
        await _connected(ib, listener)
        listener.hang_up()
        await _until(lambda: not ib.isConnected())

    # The gate is of no loop until it is waited for.
    _run(test)
    assert ended == ["once"]


def test_what_the_gateway_says_against_a_request_is_raised(listener: Listener) -> None:
    async def test() -> None:
        ib = paced_ib(Gate(100))
        await _connected(ib, listener)
        details = asyncio.ensure_future(ib.reqContractDetailsAsync(TSLA))
        await _until(lambda: listener.kinds() == [*CONNECTING, "9"])
        listener.send("4", "2", listener.messages[-1][2], "200", "No security definition", "")
        with pytest.raises(RequestError, match="No security definition"):
            await details
        ib.disconnect()

    _run(test)


def test_the_time_to_answer_begins_when_a_request_is_sent(listener: Listener) -> None:
    async def test() -> None:
        gate = Gate(3)
        ib = paced_ib(gate)
        connection = Connection(ib, 0.5, lambda _: None)
        await connection.connect("127.0.0.1", listener.port, 7, A_WHILE)
        asked = asyncio.ensure_future(connection.time())
        await asyncio.sleep(1)
        assert not asked.done()
        gate.open(1)
        await _until(lambda: listener.kinds() == [*CONNECTING, "49"])
        listener.send("49", "1", "1700000000")
        assert await asked == 1_700_000_000 * 10**9
        gate.open(1)
        with pytest.raises(NoAnswer, match=re.escape("nothing came for 0.5 seconds")):
            await connection.time()
        await connection.close()

    _run(test)


def test_a_request_that_is_never_sent_fails_with_the_connection(listener: Listener) -> None:
    async def test() -> None:
        connection = Connection(paced_ib(Gate(3)), A_WHILE, lambda _: None)
        await connection.connect("127.0.0.1", listener.port, 7, A_WHILE)
        asked = asyncio.ensure_future(connection.time())
        await asyncio.sleep(0.05)
        listener.hang_up()
        with pytest.raises(Broke):
            await asked
        await connection.close()

    _run(test)


def test_the_real_rate_bounds_what_arrives_and_cancels_go_out_at_once(
    listener: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        ib = paced_ib(MessageRate(GatewayFolder(tmp_path, "localhost", listener.port, tell)))
        await _connected(ib, listener)
        for number in range(60):
            _ask(ib, number)
        await _until(lambda: len(listener.messages) >= limits.MESSAGES_PER_SECOND)
        at_once = limits.MESSAGES_KEPT_FOR_CANCELS
        for number in range(at_once):
            ib.client.cancelHistoricalData(number)
        await _until(lambda: listener.kinds().count("25") == at_once)
        for number in range(at_once, 60):
            ib.client.cancelHistoricalData(number)
        assert await ib.client.flush(A_WHILE)
        ib.disconnect()

    with caplog.at_level(logging.DEBUG, "ib_async.client"):
        _run(test)
    # What was waited for came after the first cancels, though it was asked for before them.
    start = limits.MESSAGES_PER_SECOND
    assert listener.kinds()[start : start + limits.MESSAGES_KEPT_FOR_CANCELS] == ["25"] * 5
    assert [listener.count_once(kind, 32) for kind in ("20", "25")] == [32, 32]
    assert most_within(listener.at) <= limits.ALLOWED_MESSAGES_PER_SECOND
    assert ">>> 25,1,31" in caplog.messages
