"""Whether rows run in one direction of time, none twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import numpy as np

from domain.bars import Int64Array
from domain.rules import RowProblem
from domain.sessions import instant_text

_REPEATS = "repeats the row before it"
_SAME_BAR = "lies in the same bar as the row before it"
_EARLIER = "is earlier than the row before it"
_LATER = "is later than the row before it, in a file that runs newest first"


@attrs.define
class RowOrder:
    """Compares each row with the one before it, in rows that come in parts in the file's order."""

    newest_first: bool = False
    stamp_text: Callable[[int], str] = instant_text
    _last: tuple[int, int] | None = None

    def problems(
        self, stamps: Int64Array, lines: Int64Array, written: Int64Array | None = None
    ) -> Iterator[RowProblem]:
        """Yield a problem for every row that is not in order.

        `stamps` (UTC nanoseconds) are compared, `written` shown where the file has others.
        """
        if not len(stamps):
            return
        shown = stamps if written is None else written
        last, last_shown = self._last or (stamps[0], shown[0])
        before = np.concatenate(([last], stamps[:-1]))
        shown_before = np.concatenate(([last_shown], shown[:-1]))
        # Compared, not subtracted: stamps of far years are further apart than int64 can count.
        wrong = stamps >= before if self.newest_first else stamps <= before
        if self._last is None:
            wrong[0] = False
        self._last = int(stamps[-1]), int(shown[-1])
        for row in np.flatnonzero(wrong):
            problem = self._against
            if stamps[row] == before[row]:
                problem = _REPEATS if shown[row] == shown_before[row] else _SAME_BAR
            text = self.stamp_text(int(shown[row]))
            yield RowProblem(int(lines[row]), "timestamp", text, problem)

    @property
    def _against(self) -> str:
        return _LATER if self.newest_first else _EARLIER
