"""The gateway itself: a TCP server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from adapters.simulated_gateway.answers import Answers
from adapters.simulated_gateway.client import Client
from adapters.simulated_gateway.faults import Fault, FaultPlan
from adapters.simulated_gateway.gateway_state import GatewayState
from adapters.simulated_gateway.history_request import HistoryRequest
from adapters.simulated_gateway.market import Market
from adapters.simulated_gateway.requests import HISTORY
from adapters.simulated_gateway.seen import Seen, SeenLog
from adapters.simulated_gateway.stream import Stream
from domain.ports import TradingCalendar

_HEARING_SECONDS = 0.2
_STOP_SECONDS = 10.0


class SimulatedGateway:
    """Serves a market to clients of the IB Gateway's protocol while its context lasts."""

    def __init__(
        self,
        market: Market,
        calendar: TradingCalendar,
        now: Callable[[], int],
        faults: Sequence[Fault] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        enforce_limits: bool = True,
        piece: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what is served, and `now`, the gateway's time in UTC nanoseconds.

        Port 0 stands for one that is free. With `piece` every frame goes out in writes of so many
        bytes. `clock` gives seconds that never fall. `tell` is given a line for whatever happens,
        on the gateway's thread. `enforce_limits` says whether the limits of message rates, open
        requests and pacing hold.
        """
        self.host = host
        self.port = port
        self._calendar = calendar
        self._now = now
        self._piece = piece
        self._faults = FaultPlan(faults)
        self._log = SeenLog()
        answers = Answers(market, calendar, now)
        self._state = GatewayState(
            answers, self._faults, self._log, now, clock, tell, enforce_limits
        )
        self._thread = threading.Thread(target=self._run, name="simulated-gateway", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            OSError: the port is in use, or the host is none of this machine's.
        """
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up on everybody and stop listening.

        Raises:
            Exception: what went wrong inside, which should never happen.
        """
        del kind, trace
        self._call(self._stopped.set)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the simulated gateway does not stop")
        failures = [self._failure, *self._state.failures]
        first = next((failure for failure in failures if failure is not None), None)
        if first is not None and error is None:
            raise first

    # What a test can look at and change, from its own thread

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Every message that arrived so far, in order."""
        return self._log.all()

    def requests(self, message: int) -> tuple[Seen, ...]:
        """Return the messages of one kind that arrived so far, such as 20 for history."""
        return tuple(seen for seen in self.seen if seen.message == message)

    def history_requests(self) -> tuple[HistoryRequest, ...]:
        """Return the requests for history that arrived so far, in order."""
        return tuple(
            HistoryRequest.parse(seen.fields, seen.at, seen.connection)
            for seen in self.requests(HISTORY)
        )

    @property
    def open_requests(self) -> tuple[Seen, ...]:
        """The requests that are neither answered nor cancelled, on connections that last."""
        return self._log.opened()

    @property
    def abandoned_requests(self) -> tuple[Seen, ...]:
        """The requests that were open when their connection closed."""
        return self._log.abandoned()

    @property
    def connected_clients(self) -> tuple[int, ...]:
        """The IDs of the clients that are connected."""
        return tuple(self._state.clients)

    @property
    def faults_left(self) -> int:
        """How many times faults are still to come."""
        return self._faults.left()

    def set_faults(self, faults: Sequence[Fault] = ()) -> None:
        """Let these faults take the place of those so far; their counts begin anew."""
        self._faults.set(faults)

    def set_market(self, market: Market) -> None:
        """Serve another market from now on."""
        self._state.answers = Answers(market, self._calendar, self._now)

    def drop_connections(self) -> None:
        """Close every connection at once, as when the gateway restarts."""
        self._call(self._state.drop)

    def serve_forever(self) -> None:
        """Wait until the gateway ends, or the thread is interrupted."""
        # Python misses a Ctrl-C that comes in the very moment in which it begins to wait.
        while self._thread.is_alive():
            self._thread.join(_HEARING_SECONDS)

    # The gateway's own thread

    def _call(self, work: Callable[[], object]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - it is raised where the context begins
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        # Requests that come meanwhile would all be read at once, as if sent too fast.
        self._state.answers.prepare()
        server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stopped.wait()
        server.close()
        await self._state.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = Stream(reader, writer, self._piece)
        self._state.streams.add(stream)
        self._state.start(Client(self._state, stream).serve())
