"""The trader of the scenarios, and a gateway that would notice if anybody asked it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.gateway import Doorbell, doorbell
from tests.cli import Cli


@pytest.fixture
def gateway() -> Iterator[Doorbell]:
    with doorbell() as bell:
        yield bell


@pytest.fixture
def trader(cli: Cli, gateway: Doorbell) -> Cli:
    """A trader whose gateway, if anybody asked it, would notice."""
    cli.environment["BARLEDGER_IBKR_PORT"] = str(gateway.port)
    return cli
