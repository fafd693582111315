"""Whether a place outside the catalog can take a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs


@attrs.frozen
class Place:
    """Where a file is to go: the `path` as it was named, and the `target`, links followed."""

    path: Path
    target: Path

    @classmethod
    def of(cls, path: Path) -> Place:
        """Look where `path` leads.

        Raises:
            OSError, RuntimeError, ValueError: it cannot be looked at, nor written then.
        """
        return cls(path, path.resolve())

    @property
    def is_device(self) -> bool:
        """Whether it is named as one of the system's own."""
        return self.path.is_relative_to("/dev") or self.path.is_relative_to("/proc")

    def is_in(self, folder: Path) -> bool:
        """Whether it is `folder`, or lies in it."""
        folder = folder.resolve()
        return self.target == folder or folder in self.target.parents

    def problems(self, catalog: Path) -> Iterator[str]:
        """Say why no file can be written there; what is not the catalog's has no place in it."""
        if self.is_in(catalog):
            yield f"it lies in the Parquet catalog {catalog}, which holds its own files alone"
        if self.target.is_dir():
            yield "it is a directory"
        elif self.target.exists():
            yield from self._problems_of_existing()
        yield from folder_problems(self.target.parent)

    def _problems_of_existing(self) -> Iterator[str]:
        if not self.target.is_file():
            yield "what has this name is no ordinary file"
        if not os.access(self.target, os.W_OK):
            yield "that file may not be written to"


def folder_problems(folder: Path) -> Iterator[str]:
    """Say why no file can be made in `folder`."""
    if not folder.is_dir():
        yield f"there is no directory {folder}"
    elif not os.access(folder, os.W_OK):
        yield f"{folder} cannot be written to"
