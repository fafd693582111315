"""A Ctrl-C that does not wake whoever waits is heard all the same.

That is so where it comes in the very moment in which Python begins to wait, and, as here, where
the system gives it to another thread.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from adapters.ibkr.event_loop import EventLoop
from adapters.ibkr.source import _Answers
from adapters.simulated_gateway.market import Market
from adapters.simulated_gateway.server import SimulatedGateway
from tests.faults.fetches import CALENDARS

# Without being heard it would come to its end.
_LONG = 5.0


@pytest.fixture(autouse=True)
def _pressed() -> Iterator[None]:
    def press() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    # In the background of a shell it is ignored, and Python leaves it at that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.3, press).start()
    yield
    signal.signal(signal.SIGINT, before)


def test_while_something_is_done_in_the_event_loop() -> None:
    loop, done = EventLoop("test"), threading.Event()

    async def work() -> None:
        await asyncio.sleep(_LONG)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        loop.result(work())
    assert not done.is_set()
    loop.close()


def test_while_an_answer_is_waited_for() -> None:
    loop = EventLoop("test")
    fetching = loop.start(asyncio.sleep(_LONG))
    with pytest.raises(KeyboardInterrupt):
        list(_Answers(loop).until(fetching))
    assert not fetching.done()
    loop.close()


def test_while_a_gateway_is_simulated() -> None:
    ended = threading.Event()
    with SimulatedGateway(Market([], {}), CALENDARS, lambda: 0) as gateway:

        def end() -> None:
            ended.set()
            gateway._call(gateway._stopped.set)

        ending = threading.Timer(_LONG, end)
        ending.start()
        with pytest.raises(KeyboardInterrupt):
            gateway.serve_forever()
        ending.cancel()
        assert not ended.is_set()
