"""The `CatalogFiles` of a folder of Parquet files."""

from __future__ import annotations

from pathlib import Path

from adapters.parquet import paths


class ParquetCatalogFiles:
    """Looks at the files below `root` by themselves."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def any_partition(self) -> bool:
        """Look for one file that is named as a partition and lies where one belongs."""
        return any(paths.revision_of(path.name) for path in self._root.glob("*/*/*.parquet"))
