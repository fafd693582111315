"""Why a request got no answer. These stay in the adapter: `retries` asks again or translates."""

from __future__ import annotations

from adapters.ibkr.answers import GatewayMessage
from domain.errors import GatewayUnreachableError


class Unanswered(Exception):  # noqa: N818 - it says what happened
    """A request was not answered."""


class Told(Unanswered):
    """The gateway said why."""

    def __init__(self, message: GatewayMessage) -> None:
        super().__init__(str(message))
        self.message = message


class Broke(Unanswered):
    """The connection to the gateway is gone, or the gateway's own to IBKR."""


class HungUp(Broke):
    """The gateway took the first connection, and closed it before it was ready."""

    def __init__(self, error: GatewayUnreachableError) -> None:
        super().__init__(error.message)
        self.error = error


class NoAnswer(Unanswered):
    """Nothing came for too long."""


class Undecodable(Unanswered):
    """An answer came that makes no sense."""


class OffGrid(Undecodable):
    """Bars came of which nobody can tell when they close."""


class Unreadable(Undecodable):
    """Nor can it be read at all; what the decoder made of it says nothing to a user."""


class ClientIdTaken(Unanswered):
    """Another program is connected to the gateway under the client ID."""
