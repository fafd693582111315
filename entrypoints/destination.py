"""Files beside the result: refused before any work where one cannot be, and written whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from domain.errors import ReportError

_BESIDE = ".barledger-"
_OLD_AFTER_SECONDS = 24 * 60 * 60.0


@attrs.frozen
class FileKind:
    """A kind of file that an option such as `--html FILE.html` asks for.

    Every such file begins with one of `begins`, in small letters. `noun` is what it is to the
    user, `form` what one of its form is called, `ending` how its name usually ends.
    """

    noun: str
    form: str
    ending: str
    option: str
    begins: tuple[bytes, ...]

    def destination(self, path: Path, catalog: Path, read: Sequence[Path] = ()) -> Path:
        """Return the file to write for `path`, links followed.

        A slip of the fingers must not put it in the place of a ledger, of bars or of anything
        else: an existing file is replaced only if it is of this kind and not one of those that
        the command has to `read`, and nothing inside the catalog's folder can be named, for what
        is not the catalog's own has no place there.

        Raises:
            ReportError: saying why it could not be written.
        """
        try:
            # As strict as the system: a name that cannot be looked at cannot be written either.
            target, inside = path.resolve(), catalog.resolve()
            problem = next(self._problems(path, target, inside, read), None)
        except (OSError, RuntimeError, ValueError) as error:
            raise self._unwritable(path, getattr(error, "strerror", None) or str(error)) from error
        if problem:
            raise self._unwritable(path, problem)
        return target

    def _problems(
        self, path: Path, target: Path, catalog: Path, read: Sequence[Path]
    ) -> Iterator[str]:
        if str(path) == "-" or path.is_relative_to("/dev") or path.is_relative_to("/proc"):
            yield f"a {self.noun} is a file of its own, beside the result"
        if target == catalog or catalog in target.parents:
            yield f"it lies in the Parquet catalog {catalog}, which is not for {self.form}s"
        if any(_is_same(target, one) for one in read):
            yield "it is the file that is to be read"
        if target.is_dir():
            yield "it is a directory"
        if target.exists():
            yield from self._problems_of_existing(target)
        if not target.parent.is_dir():
            yield f"there is no directory {target.parent}"
        if not os.access(target.parent, os.W_OK):
            yield f"{target.parent} cannot be written to"

    def _problems_of_existing(self, target: Path) -> Iterator[str]:
        if not target.is_file():
            yield "what has this name is no ordinary file"
        if not os.access(target, os.W_OK):
            yield "that file may not be written to"
        if not self._is_one(target):
            yield f"a file is there that is no {self.form}, and would be lost"

    def _is_one(self, target: Path) -> bool:
        """Return whether the file begins as one of this kind does, or holds nothing."""
        try:
            with target.open("rb") as file:
                begin = file.read(max(map(len, self.begins)))
        except OSError:
            return False
        return begin.lower().startswith(self.begins) or not begin

    def write_whole(self, target: Path, pieces: Iterable[str]) -> None:
        """Write `pieces` to `target`, which holds all of them afterwards or what it held before.

        Line ends are written as they stand in the pieces.

        Raises:
            ReportError: it could not be written.
        """
        self._clear(target.parent)
        beside = target.parent / f"{_BESIDE}{secrets.token_hex(8)}{self.ending}"
        try:
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
            # What is no character, as of a name that is not UTF-8, can be told all the same.
            with beside.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                beside.chmod(mode)
            beside.replace(target)
            _sync_folder(target.parent)
        except BaseException as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            if isinstance(error, OSError):
                raise self._unwritable(target, error.strerror or str(error)) from error
            raise

    def _clear(self, folder: Path) -> None:
        """Take away what killed processes have left of such files, once it is a day old."""
        before = time.time() - _OLD_AFTER_SECONDS
        with contextlib.suppress(OSError):
            for left in folder.glob(f"{_BESIDE}*{self.ending}"):
                if left.lstat().st_mtime < before:
                    left.unlink()

    def _unwritable(self, path: Path, why: str) -> ReportError:
        return ReportError(
            f"The {self.noun} {path} cannot be written: {why}.",
            f"Name another file, in a directory with room that can be written to: {self.option}.",
        )


def _is_same(target: Path, other: Path) -> bool:
    try:
        return target.samefile(other)
    except OSError:  # one of them is not there
        return False


def _sync_folder(folder: Path) -> None:
    """Flush the new name to the disk, where the system can: the file stands either way."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
