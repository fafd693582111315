"""Fixtures of the tests that break things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.warm import Warm


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Return what starts processes that may be killed."""
    with Warm(tmp_path_factory.mktemp("warm")) as server:
        yield server


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """Return a disk of little room."""
    with small_disk(tmp_path_factory.mktemp("small")) as small:
        yield small


@pytest.fixture(scope="module")
def inside(disk: SmallDisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Return what starts processes that see the small disk."""
    with Warm(tmp_path_factory.mktemp("inside"), disk.prefix) as server:
        yield server
