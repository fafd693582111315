"""What the system refuses, in words that say what to do."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from domain.errors import CatalogBusyError, CatalogError, CatalogReadOnlyError, DiskFullError


@contextlib.contextmanager
def translated(root: Path, doing: str = "written to") -> Iterator[None]:
    """Raise what the system raises as an error that says what to do.

    Where files are read, those that are missing or are folders are left to the caller.
    """
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        if doing == "read":
            raise
        raise unusable(root, str(error.strerror)) from error
    except FileExistsError as error:
        raise CatalogBusyError(
            f"Another process has written {error.filename2 or error.filename} although this one "
            "held the series' lock.",
            "Run the command again. On a network file system, let one machine write at a time.",
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"The disk that holds the Parquet catalog {root} is full.",
                "Free some space, then run the same command again: nothing is half-written.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CatalogReadOnlyError(
                f"The Parquet catalog {root} cannot be {doing} ({error.strerror}).",
                "Give yourself that right, or name another folder with --catalog.",
            ) from error
        raise unusable(root, str(error.strerror)) from error


def unusable(root: Path, reason: str) -> CatalogError:
    """Return the error for a folder that cannot hold a Parquet catalog."""
    return CatalogError(
        f"The Parquet catalog {root} cannot be used ({reason}).",
        "Name a folder with --catalog; it is made if it does not exist.",
    )
