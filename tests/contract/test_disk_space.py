"""What every `DiskSpace` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.memory.disk_space import MemoryDiskSpace
from adapters.system.disk import SystemDiskSpace
from domain.upkeep import DiskSpace

ADAPTERS: dict[str, Callable[[Path], DiskSpace]] = {
    "system": SystemDiskSpace,
    "memory": lambda _: MemoryDiskSpace(10**9),
}


@pytest.fixture(params=ADAPTERS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> DiskSpace:
    return ADAPTERS[request.param](tmp_path / "not" / "made" / "yet")


def test_a_disk_that_is_in_use_has_some_bytes_free(disk: DiskSpace) -> None:
    free = disk.free()
    assert free is not None
    assert free > 0


def test_asking_makes_nothing(disk: DiskSpace, tmp_path: Path) -> None:
    disk.free()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_may_be_unable_to_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(folder: Path) -> None:
        raise PermissionError(folder)

    monkeypatch.setattr("shutil.disk_usage", refused)
    assert MemoryDiskSpace(None).free() is None
    assert SystemDiskSpace(tmp_path).free() is None


def test_the_memory_disk_can_be_filled() -> None:
    disk = MemoryDiskSpace(10)
    disk.fill(4)
    assert disk.free() == 6
    disk.fill(100)
    assert disk.free() == 0
