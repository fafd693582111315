"""What the user is told where no connection to a gateway can be made."""

from __future__ import annotations

from adapters.ibkr.address import Address
from adapters.ibkr.answers import GatewayMessage
from adapters.ibkr.client_ids import HeldClientId
from adapters.ibkr.failures import Broke
from domain.errors import ClientIdTakenError, GatewayUnreachableError

_OR_ANOTHER = (
    "Or name another with --host and --port, or BARLEDGER_IBKR_HOST and BARLEDGER_IBKR_PORT."
)


def unreachable(address: Address, why: str, *, listens: bool) -> GatewayUnreachableError:
    """Return the error for a gateway that cannot be reached; something `listens` there, or not."""
    advice = "Start one with: docker compose up ibgateway."
    if listens:
        advice = (
            "Wait until it is logged in, see that its API settings let this machine in (socket "
            "clients enabled, trusted IPs), and run it again."
        )
    return GatewayUnreachableError(
        f"No IBKR Gateway can be reached at {address}: {why}.", f"{advice} {_OR_ANOTHER}"
    )


def why_not(error: Exception, told: GatewayMessage | None) -> str:
    """Return why connecting failed, with what the gateway `told` meanwhile."""
    if isinstance(error, Broke):
        what = f"{error} before the connection was ready"
    elif isinstance(error, ConnectionRefusedError):
        what = "nothing listens there"
    elif isinstance(error, TimeoutError):
        what = "it did not answer as a gateway does: it may not be logged in yet"
    else:
        what = str(error) or type(error).__name__
    return what if told is None else f"{what}. It said: {told}"


def taken(address: Address, held: HeldClientId, tried: int) -> ClientIdTakenError:
    """Return the error for a client ID that others have, or for so many that were `tried`."""
    if held.is_named:
        return ClientIdTakenError(
            f"The gateway at {address} says that client ID {held.number} is in use.",
            "Another program is connected under it. Name another with --client-id, or none: then "
            "a free one is taken.",
        )
    return ClientIdTakenError(
        f"The gateway at {address} says of {tried} client IDs, the last of them {held.number}, "
        "that each is in use.",
        "End programs that are connected to it and not needed (it takes 32 at most), or name a "
        "client ID that is free with --client-id.",
    )
