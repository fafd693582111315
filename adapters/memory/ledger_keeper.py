"""A keeper of a ledger that lives as long as its object."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from adapters.memory.ledger import MemoryLedger
from domain.errors import BackupError
from domain.events import Recorded
from domain.ports import LedgerHead, LedgerReport, ProgressTask, ReplayReport


class MemoryLedgerKeeper:
    """A `LedgerKeeper` of a `MemoryLedger`, in which nothing can be damaged.

    `copies` holds the events of each copy by its folder, `aside` those that were put out of the
    way by where they are said to be.
    """

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.copies: dict[Path, tuple[Recorded, ...]] = {}
        self.aside: dict[str, tuple[Recorded, ...]] = {}

    def head(self) -> LedgerHead:
        """Return the last event with a hash of all up to it."""
        events = tuple(self._ledger.replay())
        return LedgerHead(len(events), _hash(events), events[-1].recorded_at if events else 0)

    def verify(
        self, task: ProgressTask, *, expected: tuple[int, str] | None = None
    ) -> LedgerReport:
        """Compare the events with what was kept elsewhere; in memory, nothing else changes."""
        head = self.head()
        task.advance(head.seq)
        if expected and expected[0] > head.seq:
            lost = f"Event {head.seq + 1} is missing: the ledger once had {expected[0]} events."
            return LedgerReport(head.seq, head, head.seq + 1, (lost,))
        anew = "The history is not the one whose hash was kept: it was written anew."
        kept = (
            expected is None
            or _hash(tuple(self._ledger.replay(upto=expected[0]))) == expected[1].lower()
        )
        return LedgerReport(head.seq, head, None, () if kept else (anew,))

    def replay(self, task: ProgressTask) -> ReplayReport:
        """Count the events: nothing is derived from them that would be kept."""
        head = self._ledger.head()
        task.advance(head)
        return ReplayReport(head, head, changed=False)

    def copy(self, folder: Path) -> int:
        """Remember the events under the folder's name."""
        if folder in self.copies:
            raise BackupError(f"There is a ledger in {folder} already.", "Name another folder.")
        if self._ledger.head():
            self.copies[folder] = tuple(self._ledger.replay())
        return self._ledger.head()

    def set_aside(self) -> str | None:
        """Take all events out of the ledger, and remember them under a name."""
        if not self._ledger.head():
            return None
        place = f".quarantine/ledger.{len(self.aside) + 1}.db"
        self.aside[place] = self._ledger.take_all()
        return place


def _hash(events: Sequence[Recorded]) -> str:
    chained = "0" * 64
    for event in events:
        chained = hashlib.sha256(f"{chained} {event!r}".encode()).hexdigest()
    return chained
