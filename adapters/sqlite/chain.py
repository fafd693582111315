"""The chain of hashes: each event is what was recorded, and hangs on the one before it."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Sequence

from adapters.sqlite import serialization
from adapters.sqlite.event_table import Row
from adapters.sqlite.serialization import UnknownEventError, UnreadableEventError
from domain.upkeep import LedgerHead


class Chain:
    """Follows the events of a ledger from the first one on, and keeps what is wrong with them.

    `expected` is the number and hash of an event that somebody kept elsewhere. `first_broken` is
    the number of the first event that is missing or not what was recorded. Without `payloads`,
    what an event says is for the caller to make sense of.
    """

    def __init__(self, expected: tuple[int, str] | None = None, *, payloads: bool = True) -> None:
        self._payloads = payloads
        self.events = 0
        self.first_broken: int | None = None
        self._seq, self._hash, self._recorded_at = 0, serialization.GENESIS, 0
        self._expected = expected
        self._met = serialization.GENESIS if expected and expected[0] == 0 else None
        self._first_problem = ""
        self._later_problems = 0
        self._first_backwards = ""
        self._backwards = 0

    @property
    def head(self) -> LedgerHead:
        """The last event so far."""
        return LedgerHead(self._seq, self._hash, self._recorded_at)

    def follow(self, rows: Sequence[Row]) -> None:
        """Check the next events."""
        if self._sound(rows):
            self._seq, self._hash, self._recorded_at = rows[-1][0], rows[-1][12], rows[-1][5]
        else:
            for row in rows:
                self._check(row)
        if self._expected and rows[0][0] <= self._expected[0] <= rows[-1][0]:
            self._met = next((row[12] for row in rows if row[0] == self._expected[0]), self._met)
        self.events += len(rows)

    def _sound(self, rows: Sequence[Row]) -> bool:
        """Whether nothing is to be said of any of these events: all at once in half the time."""
        first, times = self._seq + 1, [self._recorded_at, *[row[5] for row in rows]]
        return (
            [row[0] for row in rows] == list(range(first, first + len(rows)))
            and [row[11] for row in rows] == [self._hash, *[row[12] for row in rows[:-1]]]
            and serialization.chained_hashes(rows) == [row[12] for row in rows]
            and all(map(operator.le, times, times[1:]))
            and not (self._payloads and any(map(_payload_problem, rows)))
        )

    def _check(self, row: Row) -> None:
        seq, recorded_at = row[0], row[5]
        problem = _link_problem(row, self._seq, self._hash)
        if not problem and self._payloads:
            problem = _payload_problem(row)
        if problem:
            self.break_at(min(seq, self._seq + 1), problem)
        elif recorded_at < self._recorded_at:
            self._run_backwards(seq, recorded_at)
        self._seq, self._hash, self._recorded_at = seq, row[12], recorded_at

    def break_at(self, seq: int, problem: str) -> None:
        """Note that the event `seq` is not what was recorded."""
        if self.first_broken is None:
            self.first_broken, self._first_problem = seq, problem
        else:
            self._later_problems += 1

    def end(self) -> None:
        """Compare the end, and the past, with what was kept elsewhere."""
        if self._expected and self._expected[0] > self._seq:
            self.break_at(
                self._seq + 1,
                f"is missing: the ledger once had {self._expected[0]} events",
            )

    def end_at(self, known: int) -> None:
        """Compare the end with the greatest number of an event that is named elsewhere."""
        if self.first_broken is None and known > self._seq:
            self.break_at(
                self._seq + 1,
                f"is missing: what is kept of the events' consequences knows of event {known}",
            )

    def problems(self) -> list[str]:
        """Return a sentence for the first broken event, and one for all others."""
        found = []
        if self.first_broken is not None:
            found.append(f"Event {self.first_broken} {self._first_problem}.")
        if self._later_problems:
            found.append(f"Events behind it that are broken too: {self._later_problems:,}.")
        if self._expected and self._met not in (None, self._expected[1].lower()):
            found.append(
                f"The history up to event {self._expected[0]} is not the one whose hash was kept:"
                " it was written anew."
            )
        return found

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence where the clock ran backwards."""
        if not self._backwards:
            return ()
        often = f" ({self._backwards:,} times in all)" if self._backwards > 1 else ""
        return (f"{self._first_backwards}: the clock ran backwards{often}.",)

    def _run_backwards(self, seq: int, recorded_at: int) -> None:
        self._backwards += 1
        if self._backwards == 1:
            self._first_backwards = (
                f"Event {seq} was recorded at {_instant(recorded_at)}, the one before it at"
                f" {_instant(self._recorded_at)}"
            )


def _link_problem(row: Row, last: int, last_hash: str) -> str | None:
    """Return what is wrong with the event behind `last`, to be said behind its number."""
    if row[0] != last + 1:
        return "is missing"
    if row[11] != last_hash:
        return "does not hang on the event before it"
    if serialization.chained_hash(last_hash, row[:11]) != row[12]:
        return "is not what was recorded: its hash is another"
    return None


def _payload_problem(row: Row) -> str | None:
    """Return what is wrong with what an event says, to be said behind its number."""
    try:
        series = serialization.series_in(row[2], row[3], row[10])
    except UnknownEventError as error:
        return f"was written by a newer barledger ({error})"
    except UnreadableEventError as error:
        return f"cannot be read ({error})"
    return None if series == row[4] else "stands under another series than its own"


def _instant(stamp: int) -> str:
    at = dt.datetime.fromtimestamp(stamp // 1_000_000_000, dt.UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
