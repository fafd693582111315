"""Files for others, made outside the catalog's folder."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from adapters.system.places import Place, folder_problems
from adapters.system.whole_files import WholeFiles
from domain.errors import ConfirmationNeededError, DiskFullError, ExportError

# What is to go to standard output waits in memory up to here, and then on the disk.
_IN_MEMORY = 16 * 1024 * 1024
_SHOWN = 5


class SystemNewFiles:
    """The `NewFiles` of this machine; `catalog` is the folder that they may not lie in.

    `to_output` copies a file to standard output, or raises `OutputError`.
    """

    def __init__(self, catalog: Path, to_output: Callable[[BinaryIO], None]) -> None:
        self._catalog = catalog
        self._to_output = to_output

    def check(self, targets: Iterable[Path], *, replace: bool) -> None:
        """Refuse places that files cannot take; links are followed."""
        there = []
        for target in targets:
            with _refused(target):
                place = _place_of(target)
                problem = next(self._problems(place), None)
                if problem:
                    raise _unwritable(target, problem)
                if place.target.exists():
                    there.append(target)
        if there and not replace:
            raise _taken(there)

    def _problems(self, place: Place) -> Iterator[str]:
        if place.is_device:
            yield "it is no file; standard output is named by -"
        folder = place.target.parent
        if folder.exists():
            yield from place.problems(self._catalog)
        else:
            # It will be made.
            if place.is_in(self._catalog):
                yield from place.problems(self._catalog)
            yield from folder_problems(folder.parent)

    @contextlib.contextmanager
    def making(self, *, replace: bool) -> Iterator[_Making]:
        """Make files that take their places once the context has ended without an error."""
        with WholeFiles(makes_folders=True) as files, contextlib.ExitStack() as stack:
            making = _Making(files, stack)
            yield making
            making.publish(self._to_output, replace=replace)


class _Making:
    """The files of one run; those for standard output lie where nobody can find them."""

    def __init__(self, files: WholeFiles, stack: contextlib.ExitStack) -> None:
        self._files = files
        self._stack = stack
        self._spools: list[IO[bytes]] = []
        self._first: Path | None = None

    @contextlib.contextmanager
    def open(self, target: Path | None) -> Iterator[BinaryIO]:
        """Give a file to be written."""
        if target is None:
            with _refused(None):
                spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - kept open
                self._spools.append(self._stack.enter_context(spool))
                yield spool  # type: ignore[misc]
            return
        self._first = self._first or target
        with _refused(target), self._files.open(target.resolve()) as file:
            yield file

    def publish(self, to_output: Callable[[BinaryIO], None], *, replace: bool) -> None:
        """Give the files their names, then send what waits to standard output."""
        try:
            with _refused(self._first):
                self._files.publish(replace=replace)
        except FileExistsError as error:
            raise _taken([Path(error.filename or str(error))]) from error
        for spool in self._spools:
            spool.seek(0)
            to_output(spool)  # type: ignore[arg-type]


@contextlib.contextmanager
def _refused(target: Path | None) -> Iterator[None]:
    """Raise what the system raises as an error that says what to do; None is standard output."""
    try:
        yield
    except (FileExistsError, BrokenPipeError):
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(target) from error
        raise _unwritable(target, error.strerror or str(error)) from error


def _place_of(target: Path) -> Place:
    try:
        return Place.of(target)
    # A ring of links, or a name with a null byte in it.
    except (RuntimeError, ValueError) as error:
        raise _unwritable(target, str(error)) from error


def _unwritable(target: Path | None, why: str) -> ExportError:
    named = "What is to be exported" if target is None else f"The file {target}"
    return ExportError(
        f"{named} cannot be written: {why}.",
        "Name another place, in a directory with room that can be written to, with --output.",
    )


def _full(target: Path | None) -> DiskFullError:
    # Standard output waits there until all of it is known to be sound.
    folder = tempfile.gettempdir() if target is None else target.parent
    return DiskFullError(
        f"The disk that holds {folder} is full.",
        "Free some space there, or name a place on another disk. Nothing was exported.",
    )


def _taken(there: list[Path]) -> ConfirmationNeededError:
    named = ", ".join(map(str, there[:_SHOWN]))
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    verb = "is there already, and would" if len(there) == 1 else "are there already, and would"
    return ConfirmationNeededError(
        f"{named}{more} {verb} be replaced. Nothing was exported.",
        "Add --yes to replace what is there, or name another place with --output.",
    )
