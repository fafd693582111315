"""How long a gateway is waited for, as the environment may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from domain.errors import UsageError

if TYPE_CHECKING:
    from adapters.ibkr.patience import Patience

# A gateway that is simulated on this machine need not be waited for as the real one is.
_VARIABLES = {
    "BARLEDGER_IBKR_CONNECT_SECONDS": "connect",
    "BARLEDGER_IBKR_ANSWER_SECONDS": "answer",
    "BARLEDGER_IBKR_RETRY_SECONDS": "first_retry",
    "BARLEDGER_IBKR_PACING_SECONDS": "pacing_wait",
}
_LONGEST = 3_600


def patience(environment: Mapping[str, str]) -> Patience:
    """Return the waits, each as its variable says, in seconds, or else the usual one.

    Raises:
        UsageError: a variable is no number of seconds.
    """
    from adapters.ibkr.patience import Patience

    named = {
        attribute: _seconds(variable, environment[variable])
        for variable, attribute in _VARIABLES.items()
        if environment.get(variable)
    }
    return Patience(**named)  # type: ignore[arg-type]


def _seconds(variable: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= _LONGEST:
        raise UsageError(
            f"{variable} is {text!r}, which is no number of seconds up to {_LONGEST:,}.",
            f"Set it to one, such as {variable}=30, or unset it.",
        )
    return seconds
