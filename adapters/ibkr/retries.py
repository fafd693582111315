"""Asks again after failures that pass, and translates those that stay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from adapters.ibkr.answers import WAIT_CAUSES, Meaning, refusal
from adapters.ibkr.failures import Broke, NoAnswer, OffGrid, Told, Unanswered, Undecodable
from adapters.ibkr.gate import Gate
from adapters.ibkr.patience import Patience
from domain.errors import (
    BarledgerError,
    GatewayLostError,
    RateLimitedError,
    UnusableAnswerError,
)
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
        can_ask_less: bool = False,
    ) -> T:
        """Return what `ask` returns, about the instrument `name`.

        `used` attempts were made already. Where the caller can ask for less, it is told when no
        answer came, once the wait before the next attempt is over.

        Raises:
            BarledgerError: it went on failing, or fails for good.
            Told: there is no data.
            NoAnswer: less may be answered; that is the next attempt.
        """

        async def wait(state: RetryCallState) -> None:
            await self._wait(state, used, can_ask_less=can_ask_less)

        waits = wait_exponential_jitter(
            multiplier=self.patience.first_retry,
            max=self.patience.longest_retry,
            jitter=self.patience.first_retry,
        )
        retrying = AsyncRetrying(
            retry=retry_if_exception(_passes),
            stop=lambda state: state.attempt_number + used >= self._attempts(_failure(state)),
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
            raise translated(failure, name, self.patience) from failure

    async def _through_gate[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        await self.gate.passed()
        return await ask()

    def _attempts(self, failure: Unanswered) -> int:
        once_more = isinstance(failure, Undecodable) or (
            isinstance(failure, Told) and failure.message.meaning is Meaning.UNKNOWN_CONTRACT
        )
        return min(_ONCE_MORE, self.patience.attempts) if once_more else self.patience.attempts

    def _seconds(self, failure: Unanswered, otherwise: float) -> float:
        limited = cause_of(failure) is WaitCause.RATE_LIMIT
        return self.patience.pacing_wait if limited else otherwise

    async def _wait(self, state: RetryCallState, used: int, *, can_ask_less: bool) -> None:
        failure = _failure(state)
        await self.gate.wait(
            cause_of(failure),
            state.upcoming_sleep,
            state.attempt_number + used + 1,
            self._attempts(failure),
        )
        if can_ask_less and isinstance(failure, NoAnswer):
            raise AskForLess(failure)


async def _slept(seconds: float) -> None:
    """Wait no more: the gate was shut for as long."""
    del seconds


def _failure(state: RetryCallState) -> Unanswered:
    failure = state.outcome.exception() if state.outcome else None
    if not isinstance(failure, Unanswered):
        raise TypeError(f"{failure!r} is not repeated")
    return failure


def _passes(failure: BaseException) -> bool:
    """Whether a failure may pass when it is asked again."""
    if isinstance(failure, Told):
        return failure.message.meaning in WAIT_CAUSES
    return isinstance(failure, Unanswered)


def cause_of(failure: Unanswered) -> WaitCause:
    """Return what is waited for after a failure that may pass."""
    if isinstance(failure, Told):
        return WAIT_CAUSES[failure.message.meaning]
    return WaitCause.LOST if isinstance(failure, Broke) else WaitCause.NO_ANSWER


def translated(failure: Unanswered, name: str, patience: Patience) -> BarledgerError:
    """Return what the user is told of a failure that stayed."""
    if isinstance(failure, Undecodable):
        return unusable(failure, name)
    if not _passes(failure):
        return refusal(failure.message, name) if isinstance(failure, Told) else lost(str(failure))
    cause = cause_of(failure)
    if cause is WaitCause.RATE_LIMIT:
        return RateLimitedError(
            f"IBKR rate limit reached, and it stayed so for {patience.attempts} attempts.",
            "Wait ten minutes, end other programs that ask the same gateway, and run the same "
            f"command again: what was fetched is kept. IBKR said: {failure}",
        )
    if isinstance(failure, Told) and failure.message.meaning is Meaning.UNKNOWN_CONTRACT:
        return refusal(failure.message, name)
    if isinstance(failure, NoAnswer):
        return lost(f"{failure}, {patience.attempts} times in a row")
    return lost(str(failure))


def lost(why: str) -> GatewayLostError:
    """Return the error for a connection that broke and stayed so, in the specification's words."""
    return GatewayLostError(
        "IBKR connection lost. Retry backtest after reconnecting, or use: "
        "docker compose up ibgateway",
        f"Run the same command again: what was fetched is kept, and it goes on from there. ({why})",
    )


def unusable(failure: Undecodable, name: str) -> UnusableAnswerError:
    """Return what the user is told of an answer that makes no sense."""
    problem = f"What IBKR answered about {name} cannot be used: {failure}."
    if isinstance(failure, OffGrid):
        return UnusableAnswerError(
            problem,
            "Nothing of that answer was kept, for when they close would be a guess. Fetch shorter "
            "bars, which are on the grid of every clock: --bar-type 1_HOUR or 1_MIN.",
        )
    return UnusableAnswerError(
        problem,
        "Nothing of that answer was kept. Run it again with --log-file FILE, which then says "
        "what came, and report it.",
    )
