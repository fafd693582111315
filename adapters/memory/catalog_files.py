"""The files of a repository in memory."""

from __future__ import annotations


class MemoryCatalogFiles:
    """A `CatalogFiles` that looks at a `MemoryBarRepository`."""

    def any_partition(self) -> bool:
        """Return False: what is in memory never outlives its ledger."""
        return False
