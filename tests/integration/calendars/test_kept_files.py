"""What is kept of calendars is used only if it is proved, and never makes a command fail."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.calendars import corrections
from adapters.calendars.edition import edition
from adapters.calendars.kept_files import KeptFiles
from adapters.calendars.zones import ZONES
from domain.venues import VENUES
from tests.cli import ROOT, Cli

DATA = b"sessions" * 1_000
DAY = 24 * 60 * 60


def kept(folder: Path, name: str = "one", notes: list[str] | None = None) -> KeptFiles:
    return KeptFiles(folder, lambda: name, (notes if notes is not None else []).append)


def only_file(folder: Path) -> Path:
    (found,) = folder.glob("*/*.kept")
    return found


def test_what_was_written_is_read_by_another_process_of_the_same_edition(tmp_path: Path) -> None:
    notes: list[str] = []
    kept(tmp_path, notes=notes).write("NYSE", DATA)
    assert kept(tmp_path, notes=notes).read("NYSE") == DATA
    assert kept(tmp_path, notes=notes).read("LSE") is None
    assert not notes


def test_another_edition_does_not_read_it(tmp_path: Path) -> None:
    kept(tmp_path, "one").write("NYSE", DATA)
    assert kept(tmp_path, "two").read("NYSE") is None


def test_a_file_that_was_moved_there_from_another_edition_is_ignored(tmp_path: Path) -> None:
    kept(tmp_path, "one").write("NYSE", DATA)
    old = only_file(tmp_path)
    kept(tmp_path, "two").write("NYSE", b"other")
    (new,) = (each for each in tmp_path.glob("*/*.kept") if each != old)
    shutil.copy(old, new)
    notes: list[str] = []
    assert kept(tmp_path, "two", notes).read("NYSE") is None
    assert "not what was written" in notes[0]


def test_a_file_of_another_name_is_ignored(tmp_path: Path) -> None:
    files = kept(tmp_path)
    files.write("NYSE", DATA)
    nyse = only_file(tmp_path)
    files.write("LSE", b"other")
    (lse,) = (each for each in tmp_path.glob("*/*.kept") if each != nyse)
    shutil.copy(nyse, lse)
    assert files.read("LSE") is None


def test_names_that_look_alike_are_kept_apart(tmp_path: Path) -> None:
    files = kept(tmp_path)
    for name in ("24/7", "24-7", "24 7", "../24/7"):
        files.write(name, name.encode())
    assert all(files.read(name) == name.encode() for name in ("24/7", "24-7", "24 7", "../24/7"))
    assert len(list(tmp_path.rglob("*.kept"))) == 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 8_053), bit=st.integers(0, 7))
def test_one_wrong_bit_anywhere_is_found(tmp_path: Path, place: int, bit: int) -> None:
    files = kept(tmp_path)
    files.write("NYSE", DATA)
    content = bytearray(only_file(tmp_path).read_bytes())
    content[place] ^= 1 << bit
    only_file(tmp_path).write_bytes(content)
    assert files.read("NYSE") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 8_053))
def test_a_file_that_was_cut_is_found(tmp_path: Path, length: int) -> None:
    files = kept(tmp_path)
    files.write("NYSE", DATA)
    with only_file(tmp_path).open("rb+") as file:
        file.truncate(length)
    assert files.read("NYSE") is None


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    (path / "with").mkdir(parents=True)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("/nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def an_endless_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_vast_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def an_empty_file(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize(
    "put",
    [
        a_pipe,
        a_folder,
        a_link_to_nothing,
        a_link_to_itself,
        an_endless_device,
        a_vast_file,
        an_empty_file,
    ],
)
def test_whatever_lies_there_in_its_place_is_passed_over(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    files = kept(tmp_path)
    files.write("NYSE", DATA)
    path = only_file(tmp_path)
    path.unlink()
    put(path)
    assert files.read("NYSE") is None
    files.write("NYSE", DATA)
    assert files.read("NYSE") == (None if put is a_folder else DATA)


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0,
    reason="only root can give a file to another user",
)
def test_a_file_of_another_user_is_passed_over(tmp_path: Path) -> None:
    notes: list[str] = []
    files = kept(tmp_path, notes=notes)
    files.write("NYSE", DATA)
    os.chown(only_file(tmp_path), 12_345, -1)
    assert files.read("NYSE") is None
    assert "another user owns it" in notes[0]
    os.chown(only_file(tmp_path), 0, -1)
    assert files.read("NYSE") == DATA


def test_a_folder_that_cannot_be_made_is_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    notes: list[str] = []
    files = kept(tmp_path / "file" / "cache", notes=notes)
    files.write("NYSE", DATA)
    assert files.read("NYSE") is None
    assert "cannot be kept" in notes[0]


def test_an_edition_that_cannot_be_told_is_passed_over(tmp_path: Path) -> None:
    def unreadable() -> str:
        raise OSError("no such folder")

    notes: list[str] = []
    files = KeptFiles(tmp_path, unreadable, notes.append)
    files.write("NYSE", DATA)
    assert files.read("NYSE") is None
    assert len(notes) == 2
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """The limit of a process's files stands for the disk: writing fails in the middle."""
    notes: list[str] = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        kept(tmp_path, notes=notes).write("NYSE", DATA)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be kept" in notes[0]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def age(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - seconds,) * 2, follow_symlinks=False)


def test_old_editions_go_when_something_is_written_and_nothing_else_does(tmp_path: Path) -> None:
    kept(tmp_path, "old").write("NYSE", DATA)
    old = only_file(tmp_path).parent
    (tmp_path / "notes.txt").write_text("the user's own")
    (tmp_path / ("f" * 16)).symlink_to(tmp_path)
    kept(tmp_path, "other").write("NYSE", DATA)
    (other,) = (path.parent for path in tmp_path.glob("*/*.kept") if path.parent != old)
    (other / "mine.txt").write_text("the user's own")
    age(tmp_path, 2 * DAY)
    kept(tmp_path, "new").write("NYSE", DATA)
    assert kept(tmp_path, "new").read("NYSE") == DATA
    assert not old.exists()
    assert [path.name for path in other.iterdir()] == ["mine.txt"]
    assert (tmp_path / "notes.txt").exists()


def test_editions_that_are_used_side_by_side_leave_each_other_alone(tmp_path: Path) -> None:
    for _ in range(3):
        for name in ("one", "two"):
            files = kept(tmp_path, name)
            if files.read("NYSE") is None:
                files.write("NYSE", name.encode())
    assert [kept(tmp_path, name).read("NYSE") for name in ("one", "two")] == [b"one", b"two"]


def test_what_a_killed_process_left_goes_a_day_later(tmp_path: Path) -> None:
    files = kept(tmp_path)
    files.write("NYSE", DATA)
    left = only_file(tmp_path).parent / f".{'0' * 16}.part"
    left.write_bytes(b"half")
    files.write("LSE", DATA)
    assert left.exists()
    age(tmp_path, 2 * DAY)
    files.write("LSE", DATA)
    assert not left.exists()
    assert files.read("NYSE") == DATA


WRITER = """
import sys
from pathlib import Path
from adapters.calendars.kept_files import KeptFiles

files = KeptFiles(Path(sys.argv[1]), lambda: "one")
print("begun", flush=True)
while True:
    for number in range(1, 200):
        files.write("NYSE", bytes([number]) * 200_000)
"""


def test_who_reads_while_others_write_and_die_meets_a_whole_file_or_none(tmp_path: Path) -> None:
    def writer() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert started.stdout
        assert started.stdout.readline() == b"begun\n"
        return started

    files, found = kept(tmp_path), 0
    for _ in range(5):
        writers = [writer() for _ in range(2)]
        for _ in range(200):
            data = files.read("NYSE")
            assert data is None or data == data[:1] * 200_000
            found += data is not None
        for one in writers:
            one.kill()
            one.wait()
            assert one.stdout
            one.stdout.close()
    assert found
    files.write("NYSE", DATA)
    assert files.read("NYSE") == DATA


def test_the_edition_names_what_sessions_follow_from() -> None:
    text = edition()
    for library in ("pandas_market_calendars", "exchange_calendars", "pandas", "tzdata"):
        assert re.search(rf"\b{library} {library}-\d[\w.]*\.dist-info", text), library
    assert re.search(r"rules [0-9a-f]{64}", text)
    assert re.search(r"zones [0-9a-f]{64}", text)


ZONES_TOLD = "from adapters.calendars.edition import edition; print(edition())"


def edition_with(path: str) -> str:
    """Return the edition of a process that looks for time zones in the folders of `path`."""
    return subprocess.run(
        [sys.executable, "-c", ZONES_TOLD],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONTZPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def test_another_file_of_a_time_zone_makes_another_edition(tmp_path: Path) -> None:
    """Folders of zones need not say of which release they are."""
    without = edition_with(str(tmp_path))
    zone = tmp_path / "Europe" / "London"
    zone.parent.mkdir()
    zone.write_bytes(b"TZif of one release")
    one = edition_with(str(tmp_path))
    zone.write_bytes(b"TZif of its sequel!")
    assert len({without, one, edition_with(str(tmp_path))}) == 3
    (tmp_path / "Europe" / "Nowhere").write_bytes(b"TZif of a place without a venue")
    zone.write_bytes(b"TZif of one release")
    assert edition_with(str(tmp_path)) == one
    # The first folder that has a zone decides.
    (tmp_path / "empty").mkdir()
    assert edition_with(f"{tmp_path / 'empty'}{os.pathsep}{tmp_path}") == one


def test_every_zone_by_which_sessions_are_told_counts() -> None:
    with warnings.catch_warnings(action="ignore"):
        from pandas_market_calendars import get_calendar, get_calendar_names

        of_library = {str(get_calendar(name).tz) for name in get_calendar_names()}
    of_venues = {venue.zone for venue in VENUES.values()}
    of_rules = {zone for zone, _ in corrections._RULES.values()}
    assert of_library | of_venues | of_rules <= set(ZONES)


@pytest.mark.parametrize("cache", ["cache", "a file", "\N{SNOWMAN}/deep/er"])
def test_commands_work_wherever_the_cache_is_to_be(cli: Cli, cache: str) -> None:
    (cli.folder / "a file").touch()
    cli.environment["BARLEDGER_CACHE_DIR"] = cache
    window = ("--start", "2024-01-02", "--end", "2024-01-05")
    runs = [cli("check", "-i", "AAPL.NASDAQ", *window, "--json") for _ in range(2)]
    assert [run.code for run in runs] == [3, 3]
    assert runs[0].out == runs[1].out
    assert not any(run.err for run in runs)
    assert bool(list((cli.folder / cache).rglob("*.kept"))) is (cache != "a file")


def test_a_cache_that_cannot_be_used_is_told_in_the_log(cli: Cli) -> None:
    (cli.folder / "file").touch()
    cli.environment["BARLEDGER_CACHE_DIR"] = "file"
    cli("check", "-i", "AAPL.NASDAQ", "--start", "2024-01-02", "--log-file", "log.jsonl")
    assert "cannot be kept in" in (cli.folder / "log.jsonl").read_text()


def test_help_does_not_touch_the_cache(cli: Cli) -> None:
    cli.environment["BARLEDGER_CACHE_DIR"] = "cache"
    for arguments in (("--help",), ("check", "--help"), ("--version",)):
        cli(*arguments).succeeded()
    assert not (cli.folder / "cache").exists()


def test_without_a_home_commands_work(cli: Cli) -> None:
    home = {"HOME": "/nonexistent/home", "XDG_CACHE_HOME": "/proc/nowhere"}
    cli.environment.update(home, BARLEDGER_CACHE_DIR="")
    run = cli("check", "-i", "AAPL.NASDAQ", "--start", "2024-01-02", "--end", "2024-01-03")
    assert run.code == 3
    assert "NYSE" in run.err
