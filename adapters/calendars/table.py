"""Sessions as columns of numbers: quick to keep, to read and to cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs
import numpy as np

from domain.bars import Int64Array
from domain.sessions import Hours, Session

# Date (its ordinal), open, close, pause from and to (equal where there is none), and the ends
# of extended hours. Instants are UTC nanoseconds.
DATE, OPEN, CLOSE, PAUSE_FROM, PAUSE_TO, PRE, POST = range(7)
COLUMNS = 7
_STORED = np.dtype("<i8")


@attrs.frozen(eq=False)
class SessionTable:
    """The sessions of one calendar, a row for each, in order of their dates.

    `rows` is an int64 array of shape (sessions, 7); the columns are named above.
    """

    rows: Int64Array

    @classmethod
    def from_bytes(cls, data: bytes) -> SessionTable:
        """Return the table that `to_bytes` wrote."""
        return cls(np.frombuffer(data, _STORED).astype(np.int64).reshape(-1, COLUMNS))

    def to_bytes(self) -> bytes:
        """Return the table as bytes, the same on every machine."""
        return self.rows.astype(_STORED).tobytes()

    def sessions(self, first: dt.date, last: dt.date, hours: Hours) -> tuple[Session, ...]:
        """Return the sessions dated `first` to `last`."""
        dates = self.rows[:, DATE]
        begin = np.searchsorted(dates, first.toordinal(), side="left")
        end = np.searchsorted(dates, last.toordinal(), side="right")
        kept: Sequence[Sequence[int]] = self.rows[begin:end].tolist()
        from_, to = (PRE, POST) if hours is Hours.EXTENDED else (OPEN, CLOSE)
        return tuple(
            Session(
                dt.date.fromordinal(row[DATE]),
                row[from_],
                row[to],
                (row[PAUSE_FROM], row[PAUSE_TO]) if row[PAUSE_FROM] < row[PAUSE_TO] else None,
            )
            for row in kept
        )
