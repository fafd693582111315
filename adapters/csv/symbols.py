"""Whose bars the rows of a file are: those of one symbol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from adapters.csv.header import clipped
from domain.bars import Int64Array

if TYPE_CHECKING:
    import pyarrow as pa


class OneSymbol:
    """Holds the rows of one file, chunk by chunk, to the symbol of its first."""

    def __init__(self) -> None:
        self._first: str | None = None
        self._line = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on whose bars the rows are, if they say it."""
        return (f"The rows are of the symbol {clipped(self._first)}.",) if self._first else ()

    def problems(self, texts: pa.StringArray, lines: Int64Array) -> Mapping[int, str]:
        """Return which rows, of at least one, are of another symbol, and what that means.

        Case does not matter; the `texts` are trimmed.
        """
        import pyarrow.compute as pc

        if self._first is None:
            self._first, self._line = texts[0].as_py(), int(lines[0])
        same = pc.equal(texts, self._first)
        if pc.all(same).as_py():
            return {}
        # Of bytes, the letters of ASCII alone are made small, as Arrow does it.
        first = self._first.encode().lower().decode()
        others = np.flatnonzero(~np.asarray(pc.equal(pc.ascii_lower(texts), first)))
        return dict.fromkeys(others.tolist(), self._problem())

    def _problem(self) -> str:
        if not self._first:
            return f"is a symbol, where line {self._line} has none"
        return f"is another symbol than {clipped(self._first)} in line {self._line}"
