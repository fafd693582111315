"""Files that are written beside their place, and take it whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

_BESIDE = ".barledger-"
_LEFT = re.compile(re.escape(_BESIDE) + r"[0-9a-f]{16}\..*")
_OLD_AFTER_SECONDS = 24 * 60 * 60.0


class WholeFiles:
    """Files in the making: `publish` gives them their names, and without it nothing is left.

    Where it `makes_folders`, one for the files is made if there is none. Errors are the system's,
    `OSError`.
    """

    def __init__(self, *, makes_folders: bool = False) -> None:
        self._makes_folders = makes_folders
        self._staged: dict[Path, Path] = {}
        self._cleared: set[Path] = set()
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for beside in self._staged.values():
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        for folder in self._made:
            # One that is not empty is not ours alone any more.
            with contextlib.suppress(OSError):
                folder.rmdir()

    @contextlib.contextmanager
    def open(self, target: Path) -> Iterator[BinaryIO]:
        """Give a file to be written, which reaches the disk before the context ends.

        It has the rights of the one that it will replace.
        """
        self._prepare(target.parent)
        # The ending stays, for programs that go by it.
        beside = target.with_name(f"{_BESIDE}{secrets.token_hex(8)}.{target.name.split('.')[-1]}")
        self._staged[target] = beside
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))

    def publish(self, *, replace: bool) -> None:
        """Give every file its name; what is there is lost only where it is to `replace`d.

        Raises:
            FileExistsError: a name is taken; what has it stays as it is.
        """
        named: list[Path] = []
        try:
            for target, beside in self._staged.items():
                if replace:
                    beside.replace(target)
                else:
                    _rename_to_free_name(beside, target)
                    named.append(target)
            for folder in {target.parent for target in self._staged}:
                _sync_folder(folder)
        except BaseException:
            # They are new, and what belongs with them is missing.
            for target in named:
                with contextlib.suppress(OSError):
                    target.unlink()
            raise
        self._staged.clear()
        self._made.clear()

    def _prepare(self, folder: Path) -> None:
        if self._makes_folders and not folder.is_dir():
            folder.mkdir(exist_ok=True)
            self._made.append(folder)
        elif folder not in self._cleared:
            _clear(folder)
        self._cleared.add(folder)


def _rename_to_free_name(beside: Path, target: Path) -> None:
    """Give a file its name, and never take it from another: a rename would, without a word."""
    try:
        target.hardlink_to(beside)
    except OSError as error:
        # Not every file system has links.
        if isinstance(error, FileExistsError) or target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        beside.rename(target)
    else:
        beside.unlink()


def _sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, where the system can: the files stand anyway."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _clear(folder: Path) -> None:
    """Take away what killed processes have left, once it is a day old."""
    before = time.time() - _OLD_AFTER_SECONDS
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{_BESIDE}*"):
            if _LEFT.fullmatch(left.name) and left.lstat().st_mtime < before:
                left.unlink()
