"""Files for others that were never on a disk."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from domain.errors import ConfirmationNeededError, ExportError


class MemoryNewFiles:
    """A `NewFiles` whose `files` are contents by path; `output` is what went to standard output.

    `folders` are those that are there, and in `catalog` no file may lie.
    """

    def __init__(
        self, folders: Iterable[Path] = (Path(),), catalog: Path = Path("catalog")
    ) -> None:
        self.files: dict[Path, bytes] = {}
        self.folders = set(folders)
        self.output = b""
        self._catalog = catalog

    def check(self, targets: Iterable[Path], *, replace: bool) -> None:
        """Refuse places that files cannot take."""
        there = []
        for target in targets:
            problem = self._problem(target)
            if problem:
                raise ExportError(
                    f"The file {target} cannot be written: {problem}.", "Name another."
                )
            if target in self.files:
                there.append(str(target))
        if there and not replace:
            raise _taken(", ".join(there))

    def _problem(self, target: Path) -> str | None:
        if target == self._catalog or self._catalog in target.parents:
            return "it lies in the Parquet catalog"
        if target in self.folders:
            return "it is a directory"
        if not {target.parent, target.parent.parent} & self.folders:
            return f"there is no directory {target.parent.parent}"
        return None

    @contextlib.contextmanager
    def making(self, *, replace: bool) -> Iterator[_Making]:
        """Make files that are there once the context has ended without an error."""
        making = _Making()
        yield making
        for target in making.contents:
            if target is not None and target in self.files and not replace:
                raise _taken(str(target))
        for target, content in making.contents.items():
            if target is None:
                self.output += content
            else:
                self.folders.add(target.parent)
                self.files[target] = content


class _Making:
    def __init__(self) -> None:
        self.contents: dict[Path | None, bytes] = {}

    @contextlib.contextmanager
    def open(self, target: Path | None) -> Iterator[BinaryIO]:
        """Give a file to be written."""
        file = io.BytesIO()
        yield file
        self.contents[target] = file.getvalue()


def _taken(named: str) -> ConfirmationNeededError:
    return ConfirmationNeededError(f"{named}: there already.", "Say that it is to be replaced.")
