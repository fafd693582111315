"""The ledger's file is copied while others write, and put out of the way whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import BackupError, CatalogReadOnlyError, LedgerConflictError
from domain.publishing import Step
from tests import histories
from tests.aside import put_aside
from tests.builders import ORIGIN
from tests.cli import ROOT
from tests.integration.sqlite.conftest import Opened, verified


@pytest.fixture
def path(tmp_path: Path, opened: Opened) -> Path:
    ledger = opened(tmp_path / "catalog" / "ledger.db")
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    ledger.close()
    return tmp_path / "catalog" / "ledger.db"


def test_a_copy_is_the_ledger_as_it_was(path: Path, tmp_path: Path, opened: Opened) -> None:
    keeper, folder = SqliteLedgerKeeper(path), tmp_path / "new" / "backup"
    assert keeper.copy(folder) == 16
    opened(path).append([histories.write()], ORIGIN, expected_head=16)
    copied = opened(folder / "ledger.db")
    assert sorted(one.name for one in folder.iterdir()) == ["ledger.db"]
    assert list(copied.replay()) == list(opened(path).replay(upto=16))
    assert verified(folder / "ledger.db").valid
    assert copied.append([histories.write()], ORIGIN, expected_head=16)[0].seq == 17


def test_a_copy_made_while_others_append_is_whole(path: Path, tmp_path: Path) -> None:
    """Each batch is in it or is not; none is torn."""
    stop = threading.Event()

    def append() -> None:
        ledger = SqliteLedger(path, MemoryClock())
        while not stop.is_set():
            ledger.append([histories.write()] * 10, ORIGIN, expected_head=ledger.head())
        ledger.close()

    writer = threading.Thread(target=append)
    writer.start()
    try:
        heads = [SqliteLedgerKeeper(path).copy(tmp_path / str(place)) for place in range(12)]
    finally:
        stop.set()
        writer.join()
    assert heads == sorted(heads)
    assert {head % 10 for head in heads} == {6}
    for place, head in enumerate(heads):
        report = verified(tmp_path / str(place) / "ledger.db")
        assert (report.problems, report.events) == ((), head)


def test_a_copy_never_takes_the_place_of_another(path: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "ledger.db").write_text("precious")
    with pytest.raises(BackupError, match="already"):
        SqliteLedgerKeeper(path).copy(tmp_path / "backup")
    assert (tmp_path / "backup" / "ledger.db").read_text() == "precious"


def test_what_a_copy_that_was_interrupted_left_is_in_nobodys_way(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "ledger.db.partial").write_text("half of it")
    assert SqliteLedgerKeeper(path).copy(tmp_path / "backup") == 16
    assert [one.name for one in (tmp_path / "backup").iterdir()] == ["ledger.db"]


def test_a_folder_that_cannot_be_had_is_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BackupError, match="Not a directory"):
        SqliteLedgerKeeper(path).copy(tmp_path / "file" / "backup")


def test_a_damaged_header_is_not_copied(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"x" * 5000)
    with pytest.raises(Exception, match="damaged"):
        SqliteLedgerKeeper(path).copy(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


KILLED = """
import os, sys
from pathlib import Path
from adapters.memory.clock import MemoryClock
from adapters.sqlite.ledger import SqliteLedger
from tests import histories
from tests.builders import ORIGIN
ledger = SqliteLedger(Path(sys.argv[1]), MemoryClock())
ledger.append(histories.ordinary(), ORIGIN, expected_head=ledger.head())
os.kill(os.getpid(), 9)
"""


def _killed(path: Path) -> None:
    """Leave a log that is not in the file yet, as a process that is killed does."""
    subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert path.with_name("ledger.db-wal").stat().st_size > 0


def test_what_lies_in_the_log_alone_is_set_aside_with_the_rest(
    tmp_path: Path, opened: Opened
) -> None:
    path = tmp_path / "ledger.db"
    _killed(path)
    place = put_aside(SqliteLedgerKeeper(path))
    assert place == ".quarantine/ledger.db"
    assert [one.name for one in tmp_path.iterdir()] == [".quarantine"]
    assert opened(tmp_path / place).head() == 16
    assert verified(tmp_path / place).valid


def test_each_ledger_that_is_set_aside_has_a_name_of_its_own(path: Path, opened: Opened) -> None:
    keeper = SqliteLedgerKeeper(path)
    places = [put_aside(keeper)]
    for _ in range(2):
        opened(path).append([histories.write()], ORIGIN, expected_head=0)
        places.append(put_aside(keeper))
    assert places == [f".quarantine/ledger{name}.db" for name in ("", ".2", ".3")]
    heads = [opened(path.parent / place).head() for place in places if place]
    assert heads == [16, 1, 1]
    assert put_aside(keeper) is None


def test_a_damaged_ledger_can_be_set_aside(path: Path, opened: Opened) -> None:
    path.write_bytes(b"x" * 5000)
    place = put_aside(SqliteLedgerKeeper(path))
    assert place is not None
    assert (path.parent / place).read_bytes() == b"x" * 5000
    assert opened(path).append([histories.write()], ORIGIN, expected_head=0)[0].seq == 1


def test_without_second_names_it_is_copied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", fail)
    place = put_aside(SqliteLedgerKeeper(path))
    assert place is not None
    assert not path.exists()
    assert verified(path.parent / place).events == 16


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_nothing_can_be_written_it_is_told(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        with pytest.raises(CatalogReadOnlyError):
            put_aside(SqliteLedgerKeeper(path))
    finally:
        path.parent.chmod(0o755)


def test_a_writer_goes_on_in_the_new_ledger(path: Path, opened: Opened) -> None:
    """A process that has the old file open must not append to what was put out of the way."""
    ledger = opened(path)
    assert ledger.head() == 16
    place = put_aside(SqliteLedgerKeeper(path))
    assert ledger.head() == 0
    assert ledger.append([histories.write()], ORIGIN, expected_head=0)[0].seq == 1
    assert place is not None
    assert opened(path.parent / place).head() == 16


def test_a_copy_is_readable_by_sqlite_alone(path: Path, tmp_path: Path) -> None:
    SqliteLedgerKeeper(path).copy(tmp_path / "backup")
    connection = sqlite3.connect(f"file:{tmp_path}/backup/ledger.db?mode=ro&immutable=1", uri=True)
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (16,)
    connection.close()


def test_a_writer_that_waited_does_not_append_to_what_was_replaced(
    path: Path, tmp_path: Path
) -> None:
    """The new ledger may have as many events as the old one: the head does not tell them apart."""
    other = tmp_path / "other.db"
    shutil.copy(path, other)
    ended = []

    def replace(step: Step) -> None:
        if step is Step.BEGUN and not ended:
            ended.append(put_aside(_Unlocked(path)))
            other.rename(path)

    ledger = SqliteLedger(path, MemoryClock(), replace)
    with pytest.raises(LedgerConflictError, match="replaced"):
        ledger.append([histories.write()], ORIGIN, expected_head=16)
    assert ledger.append([histories.write()], ORIGIN, expected_head=16)[0].seq == 17
    ledger.close()
    assert verified(path).events == 17
    assert verified(path.parent / str(ended[0])).events == 16


class _Unlocked(SqliteLedgerKeeper):
    """Acts as if the right to write had been had, for a test that has it itself."""

    @contextlib.contextmanager
    def _right_to_write(self) -> Iterator[None]:
        yield


def test_who_holds_the_ledger_to_replace_it_keeps_writers_out(path: Path, opened: Opened) -> None:
    keeper, done = SqliteLedgerKeeper(path), threading.Event()

    def write() -> None:
        ledger = SqliteLedger(path, MemoryClock())
        ledger.append([histories.write()], ORIGIN, expected_head=16)
        ledger.close()
        done.set()

    thread = threading.Thread(target=write)
    with keeper.set_aside(16):
        thread.start()
        assert not done.wait(0.3)
    thread.join()
    assert done.is_set()
    assert opened(path).head() == 17


def test_a_ledger_that_has_grown_is_not_set_aside(path: Path, opened: Opened) -> None:
    opened(path).append([histories.write()], ORIGIN, expected_head=16)
    with pytest.raises(LedgerConflictError), SqliteLedgerKeeper(path).set_aside(16):
        pass
    assert opened(path).head() == 17
    assert list((path.parent / ".quarantine").glob("*")) == []


@pytest.mark.parametrize("gone", [False, True])
def test_where_it_ends_with_an_error_the_ledger_stays_in_its_place(
    path: Path, opened: Opened, *, gone: bool
) -> None:
    with pytest.raises(ValueError, match="full"), SqliteLedgerKeeper(path).set_aside() as aside:  # noqa: PT012
        if gone:
            aside.give_way()
        raise ValueError("full")
    assert list((path.parent / ".quarantine").iterdir()) == []
    assert opened(path).append([histories.write()], ORIGIN, expected_head=16)[0].seq == 17
    assert verified(path).valid
