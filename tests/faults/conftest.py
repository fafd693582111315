"""Fixtures of the tests that break things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.warm import Warm


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Return what starts processes that may be killed."""
    with Warm(tmp_path_factory.mktemp("warm")) as server:
        yield server
