"""While one request waits to be repeated, no other is sent, and the longest wait is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.ibkr.gate import Gate
from domain.fetching import WaitCause, Waiting

LOST, LIMIT, PACING = WaitCause.LOST, WaitCause.RATE_LIMIT, WaitCause.PACING
Wait = tuple[WaitCause, float, int, int]


def _ran(work: Callable[[Gate], Awaitable[object]]) -> list[Waiting]:
    """Return what a gate told while something was done with it."""
    told: list[Waiting] = []

    async def run() -> None:
        await work(Gate(told.append))

    asyncio.run(run())
    return told


def _at_once(*waits: Wait) -> list[Waiting]:
    """Return what is told where several wait, one right after the other."""

    async def all_of_them(gate: Gate) -> None:
        await asyncio.gather(*(gate.wait(*one) for one in waits))

    return _ran(all_of_them)


@pytest.mark.parametrize("seconds", [(0.05, 0.2), (0.2, 0.05)])
def test_all_wait_until_the_longest_wait_is_over(seconds: tuple[float, float]) -> None:
    waited: list[float] = []

    async def two(gate: Gate) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()

        async def one(for_seconds: float) -> None:
            await gate.wait(LOST, for_seconds, 2, 5)
            waited.append(loop.time() - begun)

        await asyncio.gather(*map(one, seconds))

    _ran(two)
    assert min(waited) >= 0.2


def test_a_longer_wait_is_told_in_the_place_of_a_shorter_one() -> None:
    told = _at_once((LOST, 0.05, 2, 5), (LIMIT, 1.2, 2, 5))
    assert [(one.cause, one.seconds) for one in told] == [(LIMIT, 2), (LIMIT, 1), (LIMIT, 0)]


@pytest.mark.parametrize(
    ("first", "then", "shown"),
    [
        # The second is longer, and has been asked less often.
        ((LOST, 0.05, 4, 5), (LIMIT, 0.1, 2, 5), (LOST, 4, 5)),
        ((LOST, 0.05, 3, 5), (LIMIT, 0.1, 2, 2), (LOST, 3, 5)),
        ((LOST, 0.05, 2, 5), (PACING, 0.1, 0, 0), (LOST, 2, 5)),
        # The second is shorter, and has been asked more often.
        ((LOST, 0.1, 2, 5), (LIMIT, 0.05, 4, 5), (LIMIT, 4, 5)),
        ((PACING, 0.1, 0, 0), (LIMIT, 0.05, 2, 5), (LIMIT, 2, 5)),
        # As often: the longer one is told.
        ((LOST, 0.05, 2, 5), (LIMIT, 0.1, 2, 5), (LIMIT, 2, 5)),
        ((LOST, 0.1, 2, 5), (LIMIT, 0.05, 2, 5), (LOST, 2, 5)),
    ],
)
def test_attempts_are_not_counted_backwards_where_several_wait(
    first: Wait, then: Wait, shown: tuple[WaitCause, int, int]
) -> None:
    told = _at_once(first, then)
    assert {(one.cause, one.attempt, one.attempts) for one in told} == {shown}


def test_it_stays_shut_where_whoever_waited_shuts_it_again_at_once() -> None:
    order: list[str] = []

    async def twice(gate: Gate) -> None:
        async def repeated() -> None:
            await gate.wait(LIMIT, 0.05, 2, 5)
            order.append("asked again, and told to wait")
            await gate.wait(LIMIT, 0.05, 3, 5)
            order.append("asked at last")

        async def other() -> None:
            await gate.passed()
            order.append("passed")

        await asyncio.gather(repeated(), other())

    _ran(twice)
    assert order == ["asked again, and told to wait", "asked at last", "passed"]
