"""A keeper of a ledger that lives as long as its object."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.memory.ledger import MemoryLedger
from domain.errors import BackupError, LedgerConflictError
from domain.events import Recorded
from domain.ports import ProgressTask
from domain.upkeep import LedgerAside, LedgerHead, LedgerReport, ReplayReport


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

    @contextlib.contextmanager
    def set_aside(self, expected_head: int | None = None) -> Iterator[LedgerAside]:
        """Remember all events under a name."""
        if expected_head not in (None, self._ledger.head()):
            raise LedgerConflictError("The ledger has grown.", "Run the command again.")
        events = tuple(self._ledger.replay())
        place = f".quarantine/ledger.{len(self.aside) + 1}.db" if events else None
        if place:
            self.aside[place] = events
        try:
            yield _Aside(place, self._ledger)
        except BaseException:
            self.aside.pop(place or "", None)
            if not self._ledger.head():
                self._ledger.put_back(events)
            raise


class _Aside:
    """Events that are remembered at `kept`."""

    def __init__(self, kept: str | None, ledger: MemoryLedger) -> None:
        self.kept = kept
        self._ledger = ledger

    def give_way(self) -> None:
        """Take all events out of the ledger."""
        self._ledger.take_all()


def _hash(events: Sequence[Recorded]) -> str:
    chained = "0" * 64
    for event in events:
        chained = hashlib.sha256(f"{chained} {event!r}".encode()).hexdigest()
    return chained
