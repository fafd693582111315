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

    def look(self, holdings: SeriesHoldings, *, past: bool = False) -> AtHand:
        """Return what is held and at hand of what the ledger says is held.

        A file that `gc` deleted is no damage: it was superseded. In the `past` it is not there
        any more; of today, another has taken its place while we look.

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
        return self._without(holdings, odd, past=past) if odd else AtHand(holdings)

    def _without(
        self, holdings: SeriesHoldings, odd: dict[tuple[str, int], int | None], *, past: bool
    ) -> AtHand:
        history = self._catalog.history(holdings.series)
        damaged, deleted = [], set()
        for (name, revision), size in odd.items():
            found, one = history.find(name, revision), holdings.partitions[name]
            if found is not None and found.discarded is not None:
                deleted.add(one.path)
            else:
                damaged.append(FileDamage(one, _problem(one, size)))
        left = holdings.without(deleted) if past and deleted else holdings
        return AtHand(left.without_damaged([one.partition for one in damaged]), tuple(damaged))


def _problem(recorded: PartitionWritten, size: int | None) -> str:
    return MISSING if size is None else f"it has {size:,} bytes, and {recorded.size:,} were written"
