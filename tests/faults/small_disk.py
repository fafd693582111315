"""A real file system of little room, which only the processes of one namespace see."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

# Root may mount; others may inside a namespace of their own users, where the system lets them.
_WAYS = (("unshare", "-m"), ("unshare", "-rm"))
NEEDED = "a small file system can be mounted only by root, or where unshare -rm works"


class SmallDisk:
    """A place where small file systems are mounted, one after the other.

    Commands with `prefix` before them see it at `inside`; the test sees it at `outside`.
    """

    def __init__(self, folder: Path) -> None:
        self.inside = folder / "disk"
        self.inside.mkdir()
        way = next((way for way in _WAYS if _works(way, self.inside)), None)
        if way is None:
            raise PermissionError(NEEDED)
        self._shell = subprocess.Popen(
            [*way, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        user = ("-U", "--preserve-credentials") if "-rm" in way else ()
        self._run("true")
        self.prefix = ("nsenter", "-t", str(self._shell.pid), *user, "-m")

    @property
    def outside(self) -> Path:
        return Path(f"/proc/{self._shell.pid}/root") / self.inside.relative_to("/")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.close()
        self._shell.wait()
        self._shell.stdout.close()

    def mount(self, size: int, inodes: int = 10_000) -> None:
        """Put an empty file system of `size` bytes in the place of the last one."""
        options = f"size={size},nr_inodes={inodes}"
        self._run(f"umount {self.inside} 2>/dev/null; mount -t tmpfs -o {options} t {self.inside}")

    def fill(self, leave: int = 0) -> None:
        """Take all room but `leave` bytes."""
        fill(self.outside, leave)

    def take_inodes(self) -> None:
        """Make files until no more can be made."""
        place = 0
        while True:
            try:
                (self.outside / f"filler{place}").touch(exist_ok=False)
            except OSError:
                return
            place += 1

    def empty(self) -> None:
        """Give back what was taken."""
        for filler in self.outside.glob("filler*"):
            filler.unlink()

    def _run(self, line: str) -> None:
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{line}; echo $?\n")
        self._shell.stdin.flush()
        assert self._shell.stdout.readline().strip() == "0", line


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Give a small disk in `folder`; the test is skipped where the system lets nobody mount one."""
    try:
        disk = SmallDisk(folder)
    except PermissionError as error:
        pytest.skip(str(error))
    with disk:
        yield disk


def fill(folder: Path, leave: int = 0) -> None:
    """Write a file that takes all room but `leave` bytes."""
    block = b"x" * 4096
    with (folder / "filler").open("wb", buffering=0) as file:
        while free(folder) > leave:
            try:
                file.write(block)
            except OSError:
                return


def free(folder: Path) -> int:
    """Return the free bytes."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _works(way: tuple[str, ...], folder: Path) -> bool:
    trial = [*way, "mount", "-t", "tmpfs", "-o", "size=64k", "t", str(folder)]
    try:
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
