"""The files that are named on the command line: by path, by pattern, or as standard input."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import UnreadableFileError, UsageError

if TYPE_CHECKING:
    from domain.bar_files import BarFile

STANDARD_INPUT = "-"


def files_named(texts: Sequence[str]) -> list[BarFile]:
    """Return the files that `texts` name, in order, none twice; a pattern's are sorted by name.

    Raises:
        UnreadableFileError: a pattern matches no file.
        UsageError: standard input is named together with files.
    """
    from domain.bar_files import BarFile

    if STANDARD_INPUT in texts and len(texts) > 1:
        raise UsageError(
            "Standard input (-) can only be imported alone.",
            "Import it with a command of its own, and the files with another.",
        )
    if list(texts) == [STANDARD_INPUT]:
        return [BarFile(None)]
    paths = [path for text in texts for path in _matching(text)]
    return [BarFile(path) for path in dict.fromkeys(paths)]


def _matching(text: str) -> Iterator[Path]:
    """Yield the file of this name, or else all whose names match it as a pattern."""
    # A shell expands patterns itself, but not those in quotes, and some shells none.
    if not glob.has_magic(text) or Path(text).exists():
        yield Path(text)
        return
    found = [path for path in glob.glob(text, recursive=True) if not Path(path).is_dir()]  # noqa: PTH207 - a Path's glob knows no absolute patterns
    if not found:
        raise UnreadableFileError(
            f"No file matches {text}.",
            f"Check the pattern; a relative one is looked for in {Path.cwd()}.",
        )
    yield from map(Path, sorted(found, key=_natural))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key by which bars_2.csv comes before bars_10.csv."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts]
