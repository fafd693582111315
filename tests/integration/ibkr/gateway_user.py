"""What the other processes of the tests do with a gateway; the first argument says which."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

from adapters.ibkr.client_ids import ClientIds
from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.pacing import Pacing
from adapters.ibkr.rate import MessageRate
from adapters.ibkr.shared_state import Known, SharedState
from tests.integration.ibkr.arrivals import frame

TASKS = 40
KEEP_SECONDS = 1.5


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def tell(problem: str) -> None:
    raise AssertionError(problem)


def message(folder: GatewayFolder, port: int, times: int) -> None:
    """Send messages from many tasks over one connection, as soon as the rate lets them pass."""

    async def send_all() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        rate = MessageRate(folder)
        await rate.wait()
        writer.write(b"API\0" + frame("v157..178"))

        async def send(number: int) -> None:
            for _ in range(times):
                await rate.wait()
                writer.write(frame("49", "1", str(number)))
                await writer.drain()

        await asyncio.gather(*map(send, range(TASKS)))
        writer.close()
        await writer.wait_closed()

    asyncio.run(send_all())


def jumping(folder: GatewayFolder, port: int, times: int) -> None:
    """Send messages while somebody sets the machine's clock all the time."""

    def jumps() -> float:
        return random.uniform(0, 4e9)

    time.time = jumps
    time.time_ns = lambda: int(jumps() * 1e9)
    message(folder, port, times)


def client(folder: GatewayFolder, port: int, times: int) -> None:
    """Send requests from many tasks by the library's own client."""
    from ib_async import StartupFetchNONE

    from adapters.ibkr.paced_client import paced_ib

    async def ask_all() -> None:
        ib = paced_ib(MessageRate(folder))
        await ib.connectAsync(
            "127.0.0.1", port, clientId=os.getpid(), timeout=30, fetchFields=StartupFetchNONE
        )

        async def ask() -> None:
            for _ in range(times):
                ib.client.reqCurrentTime()
                await asyncio.sleep(0)

        await asyncio.gather(*(ask() for _ in range(TASKS)))
        assert await ib.client.flush(60)
        ib.disconnect()

    asyncio.run(ask_all())


def stop(folder: GatewayFolder, port: int, times: int) -> None:
    """Be stopped at the very moment of holding the lock, then say how it ended."""

    def stopped(known: Known) -> int:
        os.kill(os.getpid(), signal.SIGSTOP)
        return 0

    say(SharedState(folder, "messages", KEEP_SECONDS).take(stopped))


def hang(folder: GatewayFolder, port: int, times: int) -> None:
    """Hold the lock until killed."""

    def hanging(known: Known) -> int:
        say("holding")
        time.sleep(600)
        return 0

    SharedState(folder, "messages", KEEP_SECONDS).take(hanging)


def client_id(folder: GatewayFolder, port: int, times: int) -> None:
    """Hold a client ID until something comes in."""
    with ClientIds(folder).hold() as held:
        say(held.number)
        sys.stdin.read(1)


def pace(folder: GatewayFolder, port: int, times: int) -> None:
    """Make requests of different contracts, and say how many were allowed."""
    pacing = Pacing(folder)
    taken = 0
    for number in range(times):
        while (wait := pacing.take(f"{os.getpid()} {number}", f"{os.getpid()} {number}")) > 0:
            if wait > 1:
                break
            time.sleep(wait)
        taken += not wait
    say(taken)


if __name__ == "__main__":
    _, kind, base, of_port, how_often = sys.argv
    for_gateway = GatewayFolder(Path(base), "localhost", int(of_port), tell)
    globals()[kind](for_gateway, int(of_port), int(how_often))
