"""The room on the disk that holds a folder."""

from __future__ import annotations

import shutil
from pathlib import Path


class SystemDiskSpace:
    """The `DiskSpace` of the file system below `folder`, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def free(self) -> int | None:
        """Return the free bytes that this user may take."""
        try:
            nearest = next(one for one in (self._folder, *self._folder.parents) if one.exists())
            return shutil.disk_usage(nearest).free
        except (OSError, StopIteration):
            return None
