"""Ctrl-C while many files get their names: none keeps its own, and nobody else's is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.parquet.durable import DurableBatch

FILES = 5
MIDDLE = 3


def _interrupted(monkeypatch: pytest.MonkeyPatch, name: str, only: str, *, before: bool) -> None:
    """Have Ctrl-C come before or after the `MIDDLE`th call of a method of `Path`."""
    original: Callable[..., Any] = getattr(Path, name)
    calls = 0

    def call(self: Path, *arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += self.suffix == only
        due = calls == MIDDLE and self.suffix == only
        if due and before:
            raise KeyboardInterrupt
        result = original(self, *arguments, **options)
        if due:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(Path, name, call)


def _publish(folder: Path) -> None:
    with DurableBatch() as batch:
        for number in range(FILES):
            batch.add(folder / f"{number}.parquet", lambda: b"bars")
        batch.publish()


@pytest.mark.parametrize(
    ("name", "only", "before"),
    [
        pytest.param("hardlink_to", ".parquet", True, id="before a file has its name"),
        pytest.param("hardlink_to", ".parquet", False, id="when it has both names"),
        pytest.param("unlink", ".tmp", False, id="when it has its name"),
    ],
)
def test_no_file_keeps_its_name(
    name: str, only: str, before: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        _interrupted(patch, name, only, before=before)
        with pytest.raises(KeyboardInterrupt):
            _publish(tmp_path)
    assert list(tmp_path.iterdir()) == []
    _publish(tmp_path)
    assert len(list(tmp_path.iterdir())) == FILES


def test_no_file_keeps_its_name_where_the_file_system_has_no_links(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "hardlink_to", no_links)
        _interrupted(patch, "rename", ".tmp", before=False)
        with pytest.raises(KeyboardInterrupt):
            _publish(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_another_file_has_stays_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / f"{MIDDLE - 1}.parquet"
    other.write_bytes(b"another's")
    with monkeypatch.context() as patch:
        _interrupted(patch, "hardlink_to", ".parquet", before=True)
        with pytest.raises(KeyboardInterrupt):
            _publish(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"another's"]
    with pytest.raises(FileExistsError):
        _publish(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"another's"]
