"""Options that name the gateway, for every command that may fetch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import click

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4002
_NAMES = ("host", "port", "client_id")


@attrs.frozen
class GatewayChoice:
    """The gateway that was named; without a client ID barledger takes a free one."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    client_id: int | None = None


def gateway(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--host`, `--port` and `--client-id`; it is called with a `gateway`."""

    @functools.wraps(command)
    def called(*arguments: Any, **values: Any) -> Any:
        choice = GatewayChoice(**{name: values.pop(name) for name in _NAMES})
        return command(*arguments, gateway=choice, **values)

    for option in (_client_id(), _port(), _host()):
        called = option(called)
    return called


def _host() -> Callable[..., Any]:
    return click.option(
        "--host",
        envvar="BARLEDGER_IBKR_HOST",
        default=DEFAULT_HOST,
        show_default=True,
        show_envvar=True,
        metavar="HOST",
        help="Where the IBKR Gateway is.",
    )


def _port() -> Callable[..., Any]:
    return click.option(
        "--port",
        envvar="BARLEDGER_IBKR_PORT",
        type=click.IntRange(1, 65_535),
        default=DEFAULT_PORT,
        show_default=True,
        show_envvar=True,
        help="The port of its API: 4002 for paper trading, 4001 for live.",
    )


def _client_id() -> Callable[..., Any]:
    return click.option(
        "--client-id",
        envvar="BARLEDGER_IBKR_CLIENT_ID",
        type=click.IntRange(0, 2**31 - 1),
        show_envvar=True,
        help="The API client ID; a free one, if not named.",
    )
