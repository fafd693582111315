"""Some room that a catalog keeps back, so that a disk that is full can be cleared.

What is deleted must be recorded first, and that takes room.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

NAME = ".reserve"
SIZE = 256 * 1024
"""Bytes: more than the ledger takes for one event, with its log and the index of that."""
_PLENTY = 64 * SIZE


def keep(root: Path) -> None:
    """Take the room in the catalog at `root` while there is plenty, unless it is kept already."""
    with contextlib.suppress(OSError):
        if not (root / NAME).exists() and shutil.disk_usage(root).free >= _PLENTY:
            # No zeros, which a disk may keep in no room at all.
            (root / NAME).write_bytes(os.urandom(SIZE))
