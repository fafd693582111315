"""Asks again after failures that pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from adapters.ibkr.answers import WAIT_CAUSES, Meaning
from adapters.ibkr.endings import translated
from adapters.ibkr.failures import (
    Broke,
    ClientIdTaken,
    HungUp,
    NoAnswer,
    Told,
    Unanswered,
    Undecodable,
)
from adapters.ibkr.gate import Gate
from adapters.ibkr.patience import Patience
from domain.fetching import WaitCause

# Once may be the nightly restart of IBKR's servers, or a message that was cut.
_ONCE_MORE = 2


class AskForLess(Exception):  # noqa: N818 - it ends the attempts
    """The next attempt is to be a smaller one."""

    def __init__(self, failure: NoAnswer) -> None:
        super().__init__(str(failure))
        self.failure = failure


@attrs.frozen
class Retries:
    """Repeats requests as `patience` has it; between attempts `gate` is shut for all of them."""

    patience: Patience
    gate: Gate

    async def asked[T](
        self,
        name: str,
        ask: Callable[[], Awaitable[T]],
        *,
        used: int = 0,
        most: int | None = None,
        can_ask_less: bool = False,
        is_one_of_many: bool = False,
    ) -> T:
        """Return what `ask` returns, about the instrument `name`.

        It is asked at most so many times, or as `patience` has it; `used` of these attempts were
        made already. Where the caller can ask for less, it is told when no
        answer came, once the wait before the next attempt is over.

        With `is_one_of_many` the instrument is looked for elsewhere too: that it is not known here
        is asked twice as well, but nothing is told of that.

        Raises:
            BarledgerError: it went on failing, or fails for good.
            Told: there is no data.
            NoAnswer: less may be answered; that is the next attempt.
        """
        attempts = min(most or self.patience.attempts, self.patience.attempts)

        async def wait(state: RetryCallState) -> None:
            failure = _failure(state)
            if is_one_of_many and _cause_of(failure) is WaitCause.NOT_KNOWN:
                await asyncio.sleep(state.upcoming_sleep)
                return
            await self.gate.wait(
                _cause_of(failure),
                state.upcoming_sleep,
                state.attempt_number + used + 1,
                _attempts(failure, attempts),
            )
            if can_ask_less and isinstance(failure, NoAnswer):
                raise AskForLess(failure)

        waits = wait_exponential_jitter(
            multiplier=self.patience.first_retry,
            max=self.patience.longest_retry,
            jitter=self.patience.first_retry,
        )
        retrying = AsyncRetrying(
            retry=retry_if_exception(_passes),
            stop=lambda state: state.attempt_number + used >= _attempts(_failure(state), attempts),
            wait=lambda state: self._seconds(_failure(state), waits(state)),
            sleep=_slept,
            before_sleep=wait,
            reraise=True,
        )
        try:
            return await retrying(self._through_gate, ask)
        except AskForLess as less:
            raise less.failure from less
        except Unanswered as failure:
            if isinstance(failure, Told) and failure.message.meaning is Meaning.NO_DATA:
                raise
            raise translated(failure, name, attempts) from failure

    async def _through_gate[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        await self.gate.passed()
        return await ask()

    def _seconds(self, failure: Unanswered, otherwise: float) -> float:
        limited = _cause_of(failure) is WaitCause.RATE_LIMIT
        return self.patience.pacing_wait if limited else otherwise


async def _slept(seconds: float) -> None:
    """Wait no more: the gate was shut for as long."""
    del seconds


def _failure(state: RetryCallState) -> Unanswered:
    failure = state.outcome.exception() if state.outcome else None
    if not isinstance(failure, Unanswered):
        raise TypeError(f"{failure!r} is not repeated")
    return failure


def _attempts(failure: Unanswered, most: int) -> int:
    """Return how often in all is asked what failed in this way."""
    once_more = isinstance(failure, Undecodable) or (
        isinstance(failure, Told) and failure.message.meaning is Meaning.UNKNOWN_CONTRACT
    )
    return min(_ONCE_MORE, most) if once_more else most


def _passes(failure: BaseException) -> bool:
    """Whether a failure may pass when it is asked again."""
    if isinstance(failure, Told):
        return failure.message.meaning in WAIT_CAUSES
    return isinstance(failure, Unanswered)


def _cause_of(failure: Unanswered) -> WaitCause:
    """Return what is waited for after a failure that may pass."""
    match failure:
        case Told():
            return WAIT_CAUSES[failure.message.meaning]
        case Undecodable():
            return WaitCause.UNREADABLE
        case HungUp():
            return WaitCause.HUNG_UP
        case Broke() | ClientIdTaken():
            return WaitCause.LOST
        case _:
            return WaitCause.NO_ANSWER
