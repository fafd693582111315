"""How a connection comes to be, or does not, of which the library alone would not tell."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

_MOMENT = 0.05


async def made(connecting: asyncio.Future[Any], failed: asyncio.Future[Any]) -> None:
    """Wait until the library has connected, or `failed` says what the gateway makes of it.

    The library goes on waiting for a gateway that has hung up.

    Raises:
        Unanswered: what `failed` holds.
        OSError, TimeoutError: what the library says, where the gateway did nothing.
    """
    await asyncio.wait({connecting, failed}, return_when=asyncio.FIRST_COMPLETED)
    # Whoever gives up hangs up, and that is told first.
    await asyncio.wait({connecting}, timeout=_MOMENT)
    if not connecting.done():
        connecting.cancel()
        with contextlib.suppress(BaseException):
            await connecting
        failed.result()
    try:
        await connecting
    except ConnectionError:
        if failed.done():
            failed.result()
        raise
