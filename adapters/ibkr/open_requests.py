"""The requests of a connection that wait for their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from adapters.ibkr.failures import Unanswered

Request = int | str
"""A request's number, or the name of what has none."""


class OpenRequests:
    """A future for each. It is used inside one event loop alone."""

    def __init__(self) -> None:
        self._futures: dict[Request, asyncio.Future[Any]] = {}

    def __contains__(self, request: object) -> bool:
        return request in self._futures

    def all(self) -> list[Request]:
        """Return what waits."""
        return list(self._futures)

    def expect(self, request: Request) -> asyncio.Future[Any]:
        """Return what will hold the answer; it stays until it is forgotten."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._futures[request] = future
        return future

    def forget(self, request: Request) -> None:
        """Let nothing that still comes for a request reach anybody."""
        future = self._futures.pop(request, None)
        if future is not None and not future.done():
            future.cancel()
        elif future is not None and not future.cancelled():
            # Looked at, so that nobody complains that it never was.
            future.exception()

    def answer(self, request: Request, answer: object) -> None:
        """Answer a request, unless it was answered before or nobody waits any more."""
        future = self._futures.get(request)
        if future is not None and not future.done():
            future.set_result(answer)

    def fail(self, requests: Iterable[Request], why: Unanswered) -> None:
        """Fail those of the requests that are not answered yet."""
        for request in list(requests):
            future = self._futures.get(request)
            if future is not None and not future.done():
                future.set_exception(why)
