"""A lock that another process holds is waited for, and that is told."""

from __future__ import annotations

from pathlib import Path

import filelock
import pytest

from adapters.parquet.locks import acquire
from domain import waits

_WHAT = "Another process is writing AAPL.NASDAQ 1-minute."


@pytest.fixture(autouse=True)
def _told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "TOLD_AFTER_SECONDS", 0.0)


def test_what_is_waited_for_is_told_until_it_is_given_up(tmp_path: Path) -> None:
    told: list[str | None] = []
    with filelock.FileLock(tmp_path / "lock"), pytest.raises(filelock.Timeout):
        acquire(filelock.FileLock(tmp_path / "lock"), _WHAT, 1.6, told.append)
    assert list(dict.fromkeys(told)) == [
        f"{_WHAT} Giving up in 2 seconds.",
        f"{_WHAT} Giving up in 1 second.",
        None,
    ]


def test_it_is_taken_when_the_other_lets_go(tmp_path: Path) -> None:
    told: list[str | None] = []
    other = filelock.FileLock(tmp_path / "lock")
    other.acquire()

    def tell(sentence: str | None) -> None:
        told.append(sentence)
        if len(told) == 2:
            other.release()

    mine = filelock.FileLock(tmp_path / "lock")
    acquire(mine, _WHAT, 60, tell)
    assert mine.is_locked
    mine.release()
    assert told[-1] is None
    assert None not in told[:-1]


def test_who_waits_for_nothing_tries_once(tmp_path: Path) -> None:
    told: list[str | None] = []
    mine = filelock.FileLock(tmp_path / "lock")
    acquire(mine, _WHAT, 0, told.append)
    assert mine.is_locked
    mine.release()
    assert told == []
