"""What the user is told of a failure that stayed."""

from __future__ import annotations

from adapters.ibkr.answers import Meaning, refusal
from adapters.ibkr.failures import (
    HungUp,
    NoAnswer,
    OffGrid,
    Told,
    Unanswered,
    Undecodable,
    Unreadable,
)
from domain.errors import (
    BarledgerError,
    GatewayLostError,
    RateLimitedError,
    UnusableAnswerError,
)


def translated(failure: Unanswered, name: str, attempts: int) -> BarledgerError:
    """Return what the user is told of a failure that stayed for so many attempts."""
    if isinstance(failure, Told):
        return _told(failure, name, attempts)
    if isinstance(failure, Undecodable):
        return unusable(failure, name)
    if isinstance(failure, HungUp):
        return failure.error
    if isinstance(failure, NoAnswer):
        return _lost(f"{failure}, {attempts} times in a row")
    return _lost(str(failure))


def _told(failure: Told, name: str, attempts: int) -> BarledgerError:
    match failure.message.meaning:
        case Meaning.RATE_LIMIT:
            return RateLimitedError(
                f"IBKR rate limit reached, and it stayed so for {attempts} attempts.",
                "Wait ten minutes, end other programs that ask the same gateway, and run the same "
                f"command again: what was fetched is kept. IBKR said: {failure}",
            )
        case Meaning.CANCELLED:
            return GatewayLostError(
                f"IBKR cancelled a request for {name}, and {attempts} attempts brought no answer.",
                "Its servers may be restarted just now: wait some minutes, and run the same "
                "command again. What was fetched is kept, and it goes on from there. IBKR said: "
                f"{failure}",
            )
        case Meaning.LOST:
            return _lost(str(failure))
        case _:
            return refusal(failure.message, name)


def _lost(why: str) -> GatewayLostError:
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
    if isinstance(failure, Unreadable):
        problem = f"IBKR sent an answer about {name} that cannot be read."
    return UnusableAnswerError(
        problem,
        "Nothing of that answer was kept. Run it again with --log-file FILE, which then says "
        "what came, and report it.",
    )
