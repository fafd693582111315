"""A ledger is read right where nothing can be written, whoever writes to it elsewhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import connection as opening
from adapters.sqlite import private_copy, still
from adapters.sqlite.handles import Handles
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import LedgerDamagedError, LedgerError
from tests import histories
from tests.builders import ORIGIN
from tests.integration.sqlite.conftest import NoTask, Opened, verified
from tests.integration.sqlite.ledger_process import ENOUGH

ROOT = Path(__file__).parents[3]
PROCESS = "tests.integration.sqlite.ledger_process"
# A second name of the folder, under which the kernel lets nobody write.
MOUNTED = (
    'mount --bind "$WRITABLE" "$READABLE" && mount -o remount,ro,bind "$READABLE" && exec "$@"'
)
UNSHARE = ("unshare", "--mount", "--map-root-user", "sh", "-c", MOUNTED, "sh")


@pytest.fixture
def path(tmp_path: Path, opened: Opened) -> Path:
    """Return a ledger of 16 events, all in the file itself."""
    ledger = opened(tmp_path / "writable" / "ledger.db")
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    ledger.close()
    (tmp_path / "readable").mkdir()
    return tmp_path / "writable" / "ledger.db"


@pytest.fixture
def mounted(path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes for which the ledger lies in a read-only folder, `readable`."""
    readable = path.parents[1] / "readable"
    environment = os.environ | {"WRITABLE": str(path.parent), "READABLE": str(readable)}
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [*UNSHARE, sys.executable, *command],
                cwd=ROOT,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return started[-1]

    if shutil.which("unshare") is None or start("-c", "").wait():
        pytest.skip("this system lets nobody mount a folder")
    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open files as where their folder is read-only."""
    monkeypatch.setattr(opening, "writable", lambda path: False)


def _append_and_close(path: Path) -> None:
    """Append, and bring it into the file itself, as another process does that lives shortly."""
    code = (
        "import contextlib, sys; from pathlib import Path\n"
        f"from {PROCESS} import SqliteLedger, MemoryClock, _append\n"
        "with contextlib.closing(SqliteLedger(Path(sys.argv[1]), MemoryClock())) as ledger:\n"
        "    _append(ledger)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=True)


def _killed_writer(path: Path) -> None:
    """Append without bringing it into the file itself, as a process does that is killed."""
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        f"from {PROCESS} import SqliteLedger, MemoryClock, _append\n"
        "_append(SqliteLedger(Path(sys.argv[1]), MemoryClock()))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert path.with_name("ledger.db-wal").stat().st_size > 0


def test_who_reads_beside_a_writer_sees_whole_batches_in_order(
    tmp_path: Path, mounted: Callable[..., subprocess.Popen[str]]
) -> None:
    """The writer's file is opened and closed for each batch, so that the log comes and goes."""
    path = tmp_path / "writable" / "ledger.db"
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    _append_and_close(path)
    reader = mounted("-m", PROCESS, "read_long", str(tmp_path / "readable" / "ledger.db"), "20")
    command = [sys.executable, "-m", PROCESS, "append_and_close", str(path), "2"]
    with subprocess.Popen(command, cwd=ROOT) as writer:
        try:
            out, errors = reader.communicate()
        finally:
            # It waits for the reader to be there at first, and then for this.
            (path.parent / "ready-at-last").touch()
            (path.parent / ENOUGH).touch()
    assert reader.returncode == 0, out + errors
    assert writer.returncode == 0


@pytest.mark.usefixtures("nothing_can_be_written")
def test_what_changes_while_it_is_read_is_read_again(path: Path) -> None:
    handles, heads = Handles(path), []

    def question(connection: sqlite3.Connection) -> int:
        heads.append(connection.execute("SELECT max(seq) FROM events").fetchone()[0])
        if len(heads) < 3:
            _append_and_close(path)
        return heads[-1]

    assert handles.ask(question) == 22
    assert heads == [16, 19, 22]
    assert handles.ask(question) == 22
    _append_and_close(path)
    assert handles.ask(question) == 25
    handles.close()


@pytest.mark.usefixtures("nothing_can_be_written")
def test_an_error_that_comes_of_a_change_is_none(path: Path) -> None:
    handles, asked = Handles(path), []

    def question(connection: sqlite3.Connection) -> int:
        asked.append(1)
        if len(asked) == 1:
            path.touch()
            raise sqlite3.DatabaseError("database disk image is malformed")
        return len(asked)

    assert handles.ask(question) == 2
    handles.close()


@pytest.mark.usefixtures("nothing_can_be_written")
def test_a_file_that_never_rests_is_not_called_damaged(path: Path, opened: Opened) -> None:
    handles, count = Handles(path), []

    def question(connection: sqlite3.Connection) -> int:
        count.append(1)
        os.utime(path, ns=(len(count), len(count)))
        return 1

    with pytest.raises(LedgerError, match="is being written by another process") as raised:
        handles.ask(question)
    handles.close()
    assert not isinstance(raised.value, LedgerDamagedError)
    assert "rebuild" not in raised.value.recovery
    assert len(count) > 2
    assert opened(path).head() == 16


def test_each_change_is_seen(path: Path) -> None:
    """The time alone may be that of the moment before, where the clock of the disk is coarse."""
    content, stamp = path.read_bytes(), path.stat().st_mtime_ns

    def counter() -> None:
        with path.open("r+b") as file:
            file.seek(24)
            file.write(b"\1\2\3\4")
        os.utime(path, ns=(stamp, stamp))

    def log() -> None:
        path.with_name("ledger.db-wal").write_bytes(b"x")

    def replaced() -> None:
        path.with_name("other").write_bytes(content)
        os.utime(path.with_name("other"), ns=(stamp, stamp))
        path.with_name("other").replace(path)

    for change in (counter, log, replaced, lambda: os.truncate(path, len(content) - 1)):
        watched = still.Still(path)
        assert not watched.changed()
        change()
        assert watched.changed()
        watched.close()


SHOW = (
    "import sys; from pathlib import Path\n"
    f"from {PROCESS} import SqliteLedger, MemoryClock\n"
    "from adapters.sqlite.keeper import SqliteLedgerKeeper\n"
    "from tests.integration.sqlite.conftest import NoTask\n"
    "path = Path(sys.argv[1]); ledger = SqliteLedger(path, MemoryClock())\n"
    "try:\n"
    "    print(ledger.availability().head, len(list(ledger.replay())))\n"
    "    print(SqliteLedgerKeeper(path).verify(NoTask()).valid)\n"
    "except Exception as error:\n"
    "    print(type(error).__name__, error.message, error.recovery)\n"
    "ledger.close()\n"
)


@pytest.mark.parametrize("index", [True, False])
def test_what_a_killed_writer_left_in_the_log_is_read(
    path: Path, mounted: Callable[..., subprocess.Popen[str]], index: bool
) -> None:
    _killed_writer(path)
    if not index:
        path.with_name("ledger.db-shm").unlink()
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    readable = path.parents[1] / "readable" / "ledger.db"
    out, errors = mounted("-c", SHOW, str(readable)).communicate()
    assert (out.split(), errors) == (["19", "19", "True"], "")
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


def test_a_log_that_cannot_be_copied_is_told_for_what_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, mounted: Callable[..., subprocess.Popen[str]]
) -> None:
    _killed_writer(path)
    path.with_name("ledger.db-shm").unlink()
    readable = path.parents[1] / "readable" / "ledger.db"
    code = "import tempfile; tempfile.tempdir = '/nowhere/at/all'\n" + SHOW
    out, _ = mounted("-c", code, str(readable)).communicate()
    assert out.startswith("LedgerError A process that was killed has left the last of the ledger")
    assert "No such file" in out
    assert "TMPDIR" in out
    assert "Give yourself" not in out


def test_a_copy_that_does_not_fit_is_not_begun(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed_writer(path)
    (tmp_path / "small").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "small"))
    usage = shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr(private_copy.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(LedgerError, match=r"it needs [0-9,]+ bytes, and 4,096 are free"):
        private_copy.opened(path, sqlite3.connect)
    assert not list((tmp_path / "small").iterdir())


@pytest.mark.usefixtures("nothing_can_be_written")
def test_a_check_and_a_copy_are_of_one_moment(path: Path, tmp_path: Path) -> None:
    class Writing:
        """A progress during which another process writes, once."""

        steps = 0

        def advance(self, steps: int) -> None:
            if not self.steps:
                _append_and_close(path)
            self.steps += steps

    report = SqliteLedgerKeeper(path).verify(Writing())
    assert (report.events, report.problems) == (19, ())
    assert SqliteLedgerKeeper(path).copy(tmp_path / "copy") == 19
    assert verified(tmp_path / "copy" / "ledger.db").valid
    with contextlib.closing(SqliteLedger(path, MemoryClock())) as ledger:
        assert ledger.exists()
    assert not SqliteLedgerKeeper(path).replay(NoTask()).changed
