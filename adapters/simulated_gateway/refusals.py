"""Why a request is not answered with what it asked for, in the gateway's codes."""

from __future__ import annotations

_HISTORY = "Historical Market Data Service error message:"


class RefusedError(Exception):
    """A request is answered by an error of this code, with this text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class HangUpError(Exception):
    """A request is answered by closing the connection."""


def historical(text: str) -> RefusedError:
    """Return an error of the service that keeps history, 162."""
    return RefusedError(162, f"{_HISTORY}{text}")


def no_data(name: str) -> RefusedError:
    """Return the error where a range has no bars; `name` is that of a contract."""
    return historical(f"HMDS query returned no data: {name}")


def pacing_violation() -> RefusedError:
    """Return the error where requests for small bars came too close together."""
    return historical("API historical data query pacing violation")


def cancelled(request_id: int | str) -> RefusedError:
    """Return the error that ends a cancelled query."""
    return historical(f"API historical data query cancelled: {request_id}")


def invalid(cause: str) -> RefusedError:
    """Return the error where a request contradicts itself, 321."""
    return RefusedError(321, f"Error validating request.-'bW' : cause - {cause}")


def too_many_open() -> RefusedError:
    """Return the error where as many historical requests are open as may be, 322."""
    return RefusedError(
        322,
        "Error processing request.-'bW' : cause - "
        "Only 50 simultaneous API historical data requests allowed.",
    )


def unknown_contract() -> RefusedError:
    """Return the error where no contract fits, 200."""
    return RefusedError(200, "No security definition has been found for the request")
