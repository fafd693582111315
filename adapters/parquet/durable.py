"""Many files, written so that a power cut leaves each whole or absent."""

from __future__ import annotations

import errno
import os
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from domain.publishing import OnStep, Step, unobserved

# A disk takes several flushes at once.
_THREADS = 8
# Contents that wait in memory: enough to keep the threads busy, and few enough to be bounded.
_MOST_WAITING = 2 * _THREADS


class DurableBatch:
    """Collects files under temporary names; `publish` gives them theirs once all are synced."""

    def __init__(self, on_step: OnStep = unobserved) -> None:
        self._on_step = on_step
        self._staged: dict[Path, Path] = {}
        self._pool = ThreadPoolExecutor(_THREADS)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for temporary in self._staged.values():
            temporary.unlink(missing_ok=True)

    def add(self, target: Path, content: Callable[[], bytes]) -> None:
        """Begin to write what `content` returns beside `target`, and to flush it to the disk.

        It is called in a thread of its own.

        Raises:
            OSError: this file or one before it could not be written or flushed.
        """
        temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
        self._staged[target] = temporary
        self._waiting.append(self._pool.submit(_write, temporary, content))
        if len(self._waiting) > _MOST_WAITING:
            self._await_one()

    def _await_one(self) -> None:
        self._waiting.popleft().result()
        self._on_step(Step.STAGED)

    def publish(self) -> None:
        """Wait until all is on the disk, then rename, then sync the folders.

        Raises:
            FileExistsError: a name is taken; what has it stays as it is.
            OSError: a file could not be written, flushed or renamed. None has its name then.
        """
        while self._waiting:
            self._await_one()
        self._on_step(Step.SYNCED)
        named: set[Path] = set()
        try:
            for target, temporary in self._staged.items():
                _give_free_name(temporary, target, named)
                self._on_step(Step.RENAMED)
            for folder in {target.parent for target in self._staged}:
                sync_folder(folder)
            self._on_step(Step.FOLDER_SYNCED)
        except BaseException:
            # Nobody has been told of these files yet, so they can go.
            for target, temporary in self._staged.items():
                if target in named or _is_both(temporary, target):
                    target.unlink(missing_ok=True)
            raise
        self._staged.clear()


def _give_free_name(temporary: Path, target: Path, named: set[Path]) -> None:
    """Give a file its name, and never take it from another: a rename would, without a word.

    `named` has its name from then on, whatever comes between.
    """
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        named.add(target)
        temporary.rename(target)
    else:
        # While it has both names it is known by them; afterwards by what is noted here.
        named.add(target)
        temporary.unlink()


def _is_both(temporary: Path, target: Path) -> bool:
    """Whether one file has both names: Ctrl-C can come before that is noted."""
    try:
        return temporary.samefile(target)
    except FileNotFoundError:
        return False


def _write(path: Path, content: Callable[[], bytes]) -> None:
    with path.open("xb") as file:
        file.write(content())
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    _sync(path, os.O_RDWR)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    _sync(folder, os.O_RDONLY)


def _sync(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
