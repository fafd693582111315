"""A gateway to fetch from, short waits, and the rule that every message is understood."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.cli.conftest import barledger, catalog  # noqa: F401 - fixtures
from tests.integration.ibkr.desk import Desk, Opening
from tests.integration.simulated_gateway.conftest import undecodable  # noqa: F401 - a fixture

SHORT_WAITS = {
    "BARLEDGER_IBKR_CONNECT_SECONDS": "5",
    "BARLEDGER_IBKR_ANSWER_SECONDS": "20",
    "BARLEDGER_IBKR_RETRY_SECONDS": "0.02",
    "BARLEDGER_IBKR_PACING_SECONDS": "0.05",
}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let a gateway on this machine be waited for less long than a real one."""
    for name, seconds in SHORT_WAITS.items():
        monkeypatch.setenv(name, seconds)
    return monkeypatch


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    """Return what opens a gateway with a catalog beside it; all are closed with the test."""
    with ExitStack() as open_:
        yield lambda *args, **options: open_.enter_context(
            Desk.opened(tmp_path / "desk", *args, **options)
        )
