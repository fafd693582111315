"""What a writer of one series records, unless somebody else has changed the series meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from domain.errors import LedgerConflictError
from domain.events import Event, FetchAborted, FetchStarted, Origin, Recorded
from domain.instrument import Series
from domain.ports import AvailabilityLedger

# Whoever fetches says so while others write: that takes no lock.
_CHANGES_NOTHING = FetchStarted | FetchAborted


@attrs.define
class SeriesRecord:
    """Appends events of one series, unless another process has changed it since `head`.

    The lock keeps others from changing it; this holds where a lock is of no use, as on some
    network file systems, or where somebody deleted the lock's file.
    """

    ledger: AvailabilityLedger
    origin: Origin
    series: Series
    head: int

    def check(self) -> None:
        """Take in what was recorded of other series since `head`.

        Raises:
            LedgerConflictError: the series is not what it was.
        """
        now = self.ledger.head()
        since = self.ledger.replay(after=self.head, upto=now, series=self.series)
        if any(not isinstance(one.event, _CHANGES_NOTHING) for one in since):
            raise LedgerConflictError(
                f"Another process has changed {self.series} although this one held its lock.",
                "Run the command again. On a network file system, let one machine write at a time.",
            )
        self.head = now

    def append(self, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Append `events`, which are all about this series.

        Raises:
            LedgerConflictError: the series is not what it was.
        """
        while True:
            try:
                recorded = self.ledger.append(events, self.origin, expected_head=self.head)
            except LedgerConflictError:
                # Each failure means that another process has got on, so this ends.
                self.check()
            else:
                self.head = recorded[-1].seq if recorded else self.head
                return recorded
