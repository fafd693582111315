"""What was worked out once, kept on disk for the next process: a cache, and never more.

A wrong session can make a gap look complete. So a file is read only if it is, to the last byte,
what this program wrote under this name for these releases of the libraries; anything else is
as if it were not there. Nothing that goes wrong here is an error: it is told and passed over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_MAGIC = b"barledger kept file 1\n"
_HASH_BYTES = 32
# Far above any calendar; a file that is larger is none of ours, and is not read into memory.
_LARGEST = 64 * 1024 * 1024
_SUFFIX = ".kept"
_EDITION = re.compile(r"[0-9a-f]{16}")
_OURS = re.compile(r"[A-Za-z0-9-]+\.kept|\.[0-9a-f]{16}\.part")
# Two releases that are used side by side must not take each other's files away all the time.
_OLD_AFTER_SECONDS = 24 * 60 * 60.0


class KeptFiles:
    """Keeps named pieces of data in `folder`, for one `edition`: what all of them follow from.

    `edition` is asked at the first use. `note` is told, in a sentence, of whatever went wrong.
    """

    def __init__(
        self, folder: Path, edition: Callable[[], str], note: Callable[[str], None] = lambda _: None
    ) -> None:
        self._root = folder
        self._edition = edition
        self._note = note

    def read(self, name: str) -> bytes | None:
        """Return what was kept under `name`, or None where there is nothing that is proved."""
        try:
            return self._proved(name, _content(self._path(name)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._note(f"What was kept of {name} in {self._root} is not used: {error}.")
            return None

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` under `name`, whole or not at all."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path(name), _MAGIC + self._proof(name, data) + data)
            self._clear()
        except (OSError, ValueError) as error:
            self._note(f"{name} cannot be kept in {self._root}: {error}.")

    def _proved(self, name: str, content: bytes) -> bytes:
        head = len(_MAGIC) + _HASH_BYTES
        data = content[head:]
        if content[:head] != _MAGIC + self._proof(name, data):
            raise ValueError("it is not what was written there")
        return data

    @property
    def _folder(self) -> Path:
        return self._root / hashlib.sha256(self._edition().encode()).hexdigest()[:16]

    def _path(self, name: str) -> Path:
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name)
        return self._folder / f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}{_SUFFIX}"

    def _proof(self, name: str, data: bytes) -> bytes:
        """Return the hash of the data and of all that it must be the data of."""
        proof = hashlib.sha256()
        for part in (_MAGIC, self._edition().encode(), name.encode(), data):
            proof.update(len(part).to_bytes(8, "little"))
            proof.update(part)
        return proof.digest()

    def _clear(self) -> None:
        """Take away what other editions and killed processes have left."""
        before = time.time() - _OLD_AFTER_SECONDS
        mine = self._folder
        for folder in _folders(self._root):
            whole = folder != mine
            for entry in _files(folder):
                if (whole or not entry.name.endswith(_SUFFIX)) and _changed(entry) < before:
                    Path(entry.path).unlink(missing_ok=True)
            if whole:
                with contextlib.suppress(OSError):  # it is not empty, or another took it
                    folder.rmdir()


def _content(path: Path) -> bytes:
    """Return the whole of a plain file of our own; whatever else lies there, never wait for it."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise ValueError("it is no plain file")
        if hasattr(os, "getuid") and state.st_uid not in (os.getuid(), 0):
            raise ValueError("another user owns it")
        if state.st_size > _LARGEST:
            raise ValueError("it is too large")
        return file.read(_LARGEST + 1)


def _replace(path: Path, content: bytes) -> None:
    """Let `path` hold `content`: who reads at the same time meets the old file or the new one."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _folders(root: Path) -> list[Path]:
    """Return the editions' folders; a link is none, wherever it leads."""
    with os.scandir(root) as entries:
        return [
            Path(entry.path)
            for entry in entries
            if _EDITION.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        ]


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in list(entries) if _OURS.fullmatch(entry.name))


def _changed(entry: os.DirEntry[str]) -> float:
    """Return when an entry was written; one that is gone by now is not old."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return float("inf")
