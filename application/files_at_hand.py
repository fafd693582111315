"""Whether the files of what is held are there: their names and sizes, no more than that."""

from __future__ import annotations

import attrs

from application.catalog import Catalog
from domain.availability import SeriesHoldings
from domain.events import PartitionWritten
from domain.soundness import MISSING
from domain.upkeep import CatalogFiles, FilePlace


@attrs.frozen
class FileDamage:
    """A partition whose file is gone or has another size than was recorded."""

    partition: PartitionWritten
    problem: str


@attrs.frozen
class AtHand:
    """What is held without what is `damaged`, which counts as corrupt."""

    holdings: SeriesHoldings
    damaged: tuple[FileDamage, ...] = ()


class FilesAtHand:
    """Looks at the files of a series; none is opened, and nothing is recorded or moved."""

    def __init__(self, catalog: Catalog, files: CatalogFiles) -> None:
        self._catalog = catalog
        self._files = files

    def look(self, holdings: SeriesHoldings) -> AtHand:
        """Return what is held and at hand of what the ledger says is held.

        A file that `gc` deleted is no damage: what was superseded may be gone.

        Raises:
            CatalogError: the folder cannot be read.
        """
        held = holdings.partitions
        recorded = {
            (name, revision): size
            for name, revision, size in zip(
                held, held.each("revision"), held.each("size"), strict=True
            )
        }
        lying = self._files.sizes(holdings.series, FilePlace.CURRENT)
        if recorded.items() <= lying.items():
            return AtHand(holdings)
        # A writer that moves a file out of the way puts it there.
        lying = {**self._files.sizes(holdings.series, FilePlace.HISTORY), **lying}
        odd = {one: lying.get(one) for one, size in recorded.items() if lying.get(one) != size}
        return self._without(holdings, odd) if odd else AtHand(holdings)

    def _without(self, holdings: SeriesHoldings, odd: dict[tuple[str, int], int | None]) -> AtHand:
        history = self._catalog.history(holdings.series)
        damaged = []
        for (name, revision), size in odd.items():
            found = history.find(name, revision)
            if found is None or found.discarded is None:
                one = holdings.partitions[name]
                damaged.append(FileDamage(one, _problem(one, size)))
        left = holdings.without({one.partition.path for one in damaged})
        lost = frozenset(one.partition.partition for one in damaged)
        return AtHand(attrs.evolve(left, corrupt=holdings.corrupt | lost), tuple(damaged))


def _problem(recorded: PartitionWritten, size: int | None) -> str:
    return MISSING if size is None else f"it has {size:,} bytes, and {recorded.size:,} were written"
