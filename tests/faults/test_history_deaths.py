"""`gc` and `backup` are killed, and meet full and sealed disks: nothing is lost or half true."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.publishing import Step
from tests.builders import csv_text, session_bars
from tests.cli import Cli
from tests.faults.small_disk import SmallDisk
from tests.faults.state import assert_tidy, assert_unbroken, state_of
from tests.faults.test_read_only_catalog import sealed  # noqa: F401 - a fixture
from tests.faults.warm import KillAfter, KillAt, Warm

FIRST = session_bars("2024-01-02", "2024-01-12", minutes=30)
SECOND = session_bars("2024-01-02", "2024-01-12", minutes=30, price=9_000)
DAYS = 9
NOW = ("gc", "--older-than", "0d", "--yes", "--json")


def _import(warm: Warm, catalog: Path, folder: Path) -> None:
    for bars in (FIRST, SECOND):
        file = folder / "bars.csv"
        file.write_text(csv_text(bars))
        options = ("-i", "AAPL.NASDAQ", "--on-conflict", "overwrite")
        warm.barledger(catalog, "import-csv", file, *options).succeeded()


@pytest.fixture
def overwritten(warm: Warm, tmp_path: Path) -> Path:
    """Hold nine days that were all overwritten."""
    _import(warm, tmp_path / "catalog", tmp_path)
    return tmp_path / "catalog"


def _history(catalog: Path) -> int:
    return len(list(catalog.rglob(".history/*.parquet")))


# Jobs of processes that kill themselves at a point which is no step of publishing.


def die_at(words: list[str], module: str, name: str, nth: int) -> int:
    """Run `barledger`, and die at the nth call of a function."""
    import importlib

    from entrypoints.cli.main import main

    where = importlib.import_module(module)
    original: Callable[..., Any] = getattr(where, name)
    calls = 0

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)

    setattr(where, name, counted)
    return main(words)


def _die(warm: Warm, catalog: Path, module: str, name: str, nth: int, *words: str) -> bool:
    """Return whether the process died, which it does not where there are fewer calls."""
    job = "tests.faults.test_history_deaths:die_at"
    line = [*words, "--catalog", str(catalog)]
    return warm.call(job, words=line, module=module, name=name, nth=nth).killed


def test_a_gc_that_dies_before_it_is_recorded_has_deleted_nothing(
    warm: Warm, overwritten: Path
) -> None:
    before = state_of(overwritten)
    assert warm.barledger(overwritten, *NOW, kill=KillAt(Step.APPENDED)).killed
    assert _history(overwritten) == DAYS
    assert state_of(overwritten) == before
    assert_tidy(overwritten)
    assert_unbroken(overwritten)


@pytest.mark.parametrize("nth", [1, 2, DAYS])
def test_a_gc_that_dies_while_deleting_is_finished_by_the_next_one(
    warm: Warm, overwritten: Path, nth: int
) -> None:
    before = state_of(overwritten)
    assert _die(warm, overwritten, "adapters.parquet.history", "_delete", nth, *NOW)
    assert _history(overwritten) == DAYS - nth + 1
    assert state_of(overwritten) == before
    if nth > 1:
        words = ("restore", "-i", "AAPL", "--as-of", "10", "--yes", "--json")
        ended = warm.barledger(overwritten, *words)
        assert ended.document["error"]["code"] == "revision-discarded"
    assert warm.barledger(overwritten, "verify", "--json").code == 0
    ended = warm.barledger(overwritten, "gc", "--yes", "--json").succeeded()
    assert ended.document["revisions"] == DAYS - nth + 1
    assert _history(overwritten) == 0
    assert state_of(overwritten) == before
    assert_tidy(overwritten)


def _assert_no_catalog_or_whole(warm: Warm, copy: Path, catalog: Path) -> None:
    if (copy / "ledger.db").exists():
        assert state_of(copy) == state_of(catalog)
        assert_tidy(copy)
        assert_unbroken(copy)
        assert _history(copy) == _history(catalog)
        return
    listed = warm.barledger(copy, "list", "--json")
    assert listed.code == 0 or listed.document["error"]["code"] == "ledger-missing"
    if listed.code == 0:
        assert listed.document["series"] == []


@pytest.mark.parametrize(
    ("name", "nth"),
    [("_write", 1), ("_write", 2 * DAYS), *(("sync_folder", n) for n in range(1, 8))],
)
def test_a_backup_that_dies_is_never_taken_for_a_whole_one(
    warm: Warm, overwritten: Path, tmp_path: Path, name: str, nth: int
) -> None:
    copy = tmp_path / "copy"
    died = _die(warm, overwritten, "adapters.parquet.backup", name, nth, "backup", str(copy))
    assert died or nth > 5
    _assert_no_catalog_or_whole(warm, copy, overwritten)
    warm.barledger(overwritten, "backup", tmp_path / "another").succeeded()
    assert state_of(tmp_path / "another") == state_of(overwritten)


def test_a_backup_killed_at_any_moment_is_whole_or_none(
    warm: Warm, overwritten: Path, tmp_path: Path
) -> None:
    whole = warm.barledger(overwritten, "backup", tmp_path / "whole").succeeded()
    for number in range(20):
        kill = KillAfter(whole.seconds * number / 18, from_lock=False)
        copy = tmp_path / f"copy-{number}"
        warm.barledger(overwritten, "backup", copy, kill=kill)
        _assert_no_catalog_or_whole(warm, copy, overwritten)


def test_a_sealed_catalog_can_be_copied(sealed: Cli, tmp_path: Path) -> None:  # noqa: F811
    copy = tmp_path / "copy"
    run = sealed("backup", str(copy), "--json").succeeded()
    assert run.document["bars"] == 5
    (warning,) = run.document["warnings"]
    assert "barledger gc" in warning
    sealed.prefix = ()
    assert state_of(copy) == state_of(sealed.catalog)


@pytest.mark.parametrize("command", [("remove", "-i", "AAPL"), NOW[:3]])
def test_a_sealed_catalog_loses_nothing(sealed: Cli, command: tuple[str, ...]) -> None:  # noqa: F811
    run = sealed(*command, "--yes", "--json")
    if command[0] == "gc":
        # There is no history yet, so there is nothing to refuse.
        assert run.succeeded().document["revisions"] == 0
    else:
        assert run.document["error"]["code"] == "catalog-read-only"


@pytest.mark.parametrize("size", [16_384, 65_536, 98_304, 131_072])
def test_a_disk_too_small_for_a_backup_keeps_nothing_of_it(
    disk: SmallDisk, overwritten: Path, tmp_path: Path, size: int
) -> None:
    disk.mount(size)
    with Warm(tmp_path, disk.prefix) as inside:
        ended = inside.barledger(overwritten, "backup", disk.inside / "copy", "--json")
    assert ended.code == 1, (ended.out, ended.err)
    assert ended.document["error"]["code"] in ("disk-full", "not-enough-space")
    assert "backup" in ended.document["error"]["message"] or "ledger" in ended.err
    assert list(disk.outside.iterdir()) == []
    assert_tidy(overwritten)


if sys.platform != "linux":
    pytestmark = pytest.mark.skip("these faults are made by Linux")
