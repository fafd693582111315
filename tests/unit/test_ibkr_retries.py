"""Failures that pass are asked again, within bounds, and the waits are told as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from adapters.ibkr.answers import GatewayMessage
from adapters.ibkr.failures import Broke, NoAnswer, Told, Unanswered, Undecodable
from adapters.ibkr.gate import Gate
from adapters.ibkr.patience import Patience
from adapters.ibkr.retries import Retries
from domain.errors import (
    ContractNotFoundError,
    GatewayLostError,
    RateLimitedError,
    SourceRefusedError,
    UnusableAnswerError,
)
from domain.fetching import WaitCause, Waiting

QUICK = Patience(pacing_wait=0.02, first_retry=0.01, longest_retry=0.04)
PACING = Told(GatewayMessage(3, 162, "pacing violation"))
NO_DATA = Told(GatewayMessage(3, 162, "HMDS query returned no data"))
UNKNOWN = Told(GatewayMessage(3, 200, "No security definition"))
REFUSED = Told(GatewayMessage(3, 354, "not subscribed"))
LOST = Told(GatewayMessage(-1, 1100, "Connectivity lost"))


class Asked:
    """Fails in each of these ways, then answers; counts how often it was asked."""

    def __init__(self, *failures: Unanswered) -> None:
        self.failures = list(failures)
        self.times = 0

    async def __call__(self) -> str:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)
        return "bars"


def ask(asked: Asked, **more: object) -> tuple[object, list[Waiting]]:
    """Return the answer or the error, and the waits that were told."""
    told: list[Waiting] = []

    async def run() -> object:
        return await Retries(QUICK, Gate(told.append)).asked("AAPL", asked, **more)  # type: ignore[arg-type]

    try:
        return asyncio.run(run()), told
    except Exception as error:  # noqa: BLE001 - looked at by the test
        return error, told


def attempts(told: Sequence[Waiting]) -> list[tuple[int, int]]:
    return [(one.attempt, one.attempts) for one in told if one.seconds]


@pytest.mark.parametrize("failure", [PACING, LOST, Broke("gone"), NoAnswer("silence")])
def test_what_passes_is_asked_again(failure: Unanswered) -> None:
    asked = Asked(*[failure] * 4)
    answer, told = ask(asked)
    assert (answer, asked.times) == ("bars", 5)
    assert attempts(told) == [(2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("failure", "error", "times"),
    [
        (PACING, RateLimitedError, 5),
        (LOST, GatewayLostError, 5),
        (Broke("gone"), GatewayLostError, 5),
        (NoAnswer("silence"), GatewayLostError, 5),
        (UNKNOWN, ContractNotFoundError, 2),
        (Undecodable("rubbish"), UnusableAnswerError, 2),
        (REFUSED, SourceRefusedError, 1),
    ],
)
def test_what_stays_ends_after_so_many_attempts(
    failure: Unanswered, error: type[Exception], times: int
) -> None:
    asked = Asked(*[failure] * 9)
    assert isinstance(ask(asked)[0], error)
    assert asked.times == times


def test_no_data_is_an_answer_and_not_asked_again_here() -> None:
    asked = Asked(NO_DATA)
    assert ask(asked)[0] is NO_DATA
    assert asked.times == 1


def test_the_words_for_a_lost_connection_are_the_specifications() -> None:
    error = ask(Asked(*[Broke("gone")] * 5))[0]
    assert str(error) == (
        "IBKR connection lost. Retry backtest after reconnecting, or use: "
        "docker compose up ibgateway"
    )


def test_attempts_of_the_caller_count() -> None:
    asked = Asked(*[LOST] * 9)
    _, told = ask(asked, used=3)
    assert asked.times == 2
    assert attempts(told) == [(5, 5)]


@pytest.mark.parametrize(
    ("most", "failure", "shown"),
    [
        (2, LOST, [(2, 2)]),
        (3, PACING, [(2, 3), (3, 3)]),
        (1, LOST, []),
        (3, UNKNOWN, [(2, 2)]),
        (9, LOST, [(2, 5), (3, 5), (4, 5), (5, 5)]),
    ],
)
def test_what_is_asked_less_often_is_counted_from_its_first_attempt(
    most: int, failure: Unanswered, shown: list[tuple[int, int]]
) -> None:
    asked = Asked(*[failure] * 9)
    _, told = ask(asked, most=most)
    assert asked.times == len(shown) + 1
    assert attempts(told) == shown


def test_an_error_tells_how_often_it_was_asked() -> None:
    assert "for 3 attempts" in str(ask(Asked(*[PACING] * 9), most=3)[0])
    assert "for 5 attempts" in str(ask(Asked(*[PACING] * 9))[0])


def test_who_can_ask_for_less_is_told_after_the_wait() -> None:
    silence = NoAnswer("silence")
    asked = Asked(silence)
    answer, told = ask(asked, can_ask_less=True)
    assert (answer, asked.times) == (silence, 1)
    assert attempts(told) == [(2, 5)]


def test_a_last_attempt_cannot_become_a_smaller_one() -> None:
    answer, _ = ask(Asked(NoAnswer("silence")), used=4, can_ask_less=True)
    assert isinstance(answer, GatewayLostError)


def test_a_pacing_wait_is_told_as_long_as_it_is() -> None:
    told: list[Waiting] = []
    patience = Patience(pacing_wait=2.0)

    async def run() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await Retries(patience, Gate(told.append)).asked("AAPL", Asked(PACING))
        return loop.time() - begun

    assert asyncio.run(run()) >= 2.0
    assert [(one.cause, one.seconds) for one in told] == [
        (WaitCause.RATE_LIMIT, 2),
        (WaitCause.RATE_LIMIT, 1),
        (WaitCause.RATE_LIMIT, 0),
    ]


def test_nobody_asks_while_somebody_waits() -> None:
    order: list[str] = []

    async def run() -> None:
        retries = Retries(Patience(pacing_wait=0.1), Gate(lambda _: None))

        async def limited() -> None:
            order.append("limited")
            if order.count("limited") == 1:
                raise PACING

        async def other() -> None:
            order.append("other")

        one = asyncio.ensure_future(retries.asked("A", limited))
        await asyncio.sleep(0.02)
        await asyncio.gather(one, retries.asked("B", other))

    asyncio.run(run())
    assert order[:1] == ["limited"]
    assert sorted(order[1:]) == ["limited", "other"]


@pytest.mark.parametrize(
    ("wait", "shown"), [(0.02, [0.1, 0]), (0.1, [0.1, 0]), (0.25, [0.3, 0]), (1.1, [2, 1, 0])]
)
def test_less_than_a_second_is_told_in_tenths(wait: float, shown: list[float]) -> None:
    told: list[Waiting] = []
    asyncio.run(Gate(told.append).wait(WaitCause.LOST, wait, 2, 5))
    assert list(dict.fromkeys(one.seconds for one in told)) == shown
