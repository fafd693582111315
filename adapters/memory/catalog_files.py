"""The files of a repository in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from adapters.memory.bar_repository import (
    MemoryBarRepository,
    digest_of,
    memory_path,
    stored_file,
)
from domain.errors import CatalogBusyError, CorruptPartitionError, UnreadablePartitionError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import NewPartition
from domain.soundness import MISSING, contradiction, unsoundness
from domain.upkeep import DescribedFile, FilePlace, FoundFile


class MemoryCatalogFiles:
    """A `CatalogFiles` that looks at a `MemoryBarRepository`."""

    def __init__(self, repository: MemoryBarRepository | None = None) -> None:
        self._repository = repository or MemoryBarRepository()
        self._files = self._repository.files

    def find(self) -> Iterator[FoundFile]:
        """Go through the names, in order."""
        for path, kept in sorted(self._files.items()):
            new, size = kept.new, stored_file(path, kept.new).size
            yield FoundFile(path, size, kept.place, new.series, new.partition, new.revision)

    def sizes(self, series: Series, place: FilePlace) -> Mapping[tuple[str, int], int]:
        """Go through what lies in the place."""
        return {
            (kept.new.partition, kept.new.revision): stored_file(path, kept.new).size
            for path, kept in self._files.items()
            if kept.new.series == series and kept.place is place
        }

    def describe(self, path: str) -> DescribedFile:
        """Return what was written, if it can be true."""
        new = self._lying(path)
        problem = unsoundness(new)
        if problem:
            raise _unreadable(path, problem)
        return DescribedFile(new, stored_file(path, new))

    def examine(self, recorded: PartitionWritten) -> DescribedFile:
        """Compare what lies there with what was recorded."""
        try:
            found = self.describe(recorded.path)
        except UnreadablePartitionError as error:
            raise CorruptPartitionError(recorded, MISSING) from error
        problem = contradiction(found, recorded)
        if problem or found.stored.sha256 != recorded.sha256:
            raise CorruptPartitionError(recorded, problem or "its content is not what was written")
        return found

    def digest(self, path: str) -> str:
        """Return the hash of what lies there."""
        return digest_of(self._lying(path).bars)

    def place_of(self, series: Series, partition: str, revision: int) -> str:
        """Return the name of a revision."""
        return memory_path(series, partition, revision)

    def put_back(self, path: str, place: str) -> None:
        """Give the file the name of its place."""
        if place in self._files:
            raise CatalogBusyError(f"{place} is taken.", "Try again.")
        kept = attrs.evolve(self._files[path], place=FilePlace.CURRENT)
        self._files[place] = kept
        del self._files[path]

    def set_aside(self, path: str, to: FilePlace) -> str:
        """Give the file a name that says where it lies."""
        return self._repository.move(path, to)

    def any_partition(self) -> bool:
        """Look for a revision in its place."""
        places = {FilePlace.CURRENT, FilePlace.HISTORY}
        return any(kept.place in places for kept in self._files.values())

    def _lying(self, path: str) -> NewPartition:
        kept = self._files.get(path)
        if kept is None:
            raise _unreadable(path, "it is missing")
        return kept.new


def _unreadable(path: str, problem: str) -> UnreadablePartitionError:
    return UnreadablePartitionError(
        f"{path} cannot be taken for a partition: {problem}.", "Look at where it came from."
    )
