"""Reads every revision of one series against what was recorded of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import attrs

from application.catalog import Catalog
from application.series_writer import SeriesWriter
from domain.errors import (
    CatalogBusyError,
    CatalogError,
    CorruptPartitionError,
    DiskFullError,
)
from domain.events import PartitionMarkedCorrupt
from domain.history import Revision, SeriesHistory
from domain.instrument import Series
from domain.ports import ProgressTask
from domain.upkeep import CatalogFiles


@attrs.frozen
class Finding:
    """A revision that is not what was recorded; `blocked` where nothing can be done about it.

    `known` damage was recorded before; `sound_again` where its file is whole by now.
    """

    revision: Revision
    problem: str
    blocked: bool = False
    known: bool = False
    sound_again: bool = False

    @property
    def superseded(self) -> bool:
        """Whether the revision is of the past."""
        return self.revision.ended is not None


@attrs.frozen
class Held:
    """The writer of a series, or none where nothing can be written, perhaps for a `full` disk."""

    writer: SeriesWriter | None = None
    full: bool = False


@attrs.define
class SeriesFindings:
    """What was found in one series; see `Verification` for the counts."""

    series: Series
    partitions: int = 0
    bars: int = 0
    revisions: int = 0
    findings: list[Finding] = attrs.field(factory=list)
    writable: bool = True
    full: bool = False

    def replace(self, finding: Finding, now: Finding | None) -> None:
        """Take in what is wrong by `now`, where another process has been at work: None is sound."""
        place = self.findings.index(finding)
        self.findings[place : place + 1] = [now] if now else []
        if now is None and finding.superseded:
            self.revisions += 1
        elif now is None:
            self.bars += finding.revision.event.bars

    @property
    def lost(self) -> list[Finding]:
        """Superseded revisions that are known to be damaged: nothing new, and nothing held."""
        return [one for one in self.findings if one.known and one.superseded]

    @property
    def damage(self) -> list[Finding]:
        """All that is to be told as damage."""
        return [one for one in self.findings if not (one.known and one.superseded)]


class SeriesCheck:
    """Checks one series after the other, a file at a time."""

    def __init__(self, catalog: Catalog, files: CatalogFiles) -> None:
        self._catalog = catalog
        self._files = files

    def run(self, series: Series, task: ProgressTask) -> SeriesFindings:
        """Take the series' lock and clear up after a crash, then read all that was recorded.

        Where nothing can be written it is read all the same. `task` advances by revisions.

        Raises:
            CatalogBusyError, LedgerError: it could not be done.
        """
        with held_if_possible(self._catalog, series) as held:
            found = SeriesFindings(series, writable=held.writer is not None, full=held.full)
            for revision in self._catalog.history(series):
                if revision.discarded is None:
                    self._take(revision, found)
                task.advance(1)
        return found

    def _take(self, revision: Revision, found: SeriesFindings) -> None:
        finding = self.finding(revision)
        current = revision.ended is None
        found.partitions += current
        if finding is not None and not (finding.sound_again and finding.superseded):
            found.findings.append(finding)
        elif current:
            found.bars += revision.event.bars
        else:
            found.revisions += 1

    def finding(self, revision: Revision) -> Finding | None:
        """Return what is wrong with a revision's file, or None where nothing is."""
        known = revision.corrupted is not None
        try:
            self._files.examine(revision.event)
        except CorruptPartitionError as error:
            return Finding(revision, _recorded_problem(revision) or error.problem, known=known)
        except CatalogError as error:
            return Finding(revision, error.message.rstrip("."), blocked=True, known=known)
        if not known:
            return None
        problem = "it was found damaged, and a sound file lies there again"
        return Finding(revision, problem, known=True, sound_again=True)

    def still(self, history: SeriesHistory, finding: Finding) -> Finding | None:
        """Return what is wrong by now with a revision in which something was wrong before."""
        event = finding.revision.event
        revision = history.find(event.partition, event.revision)
        if revision is None or revision.event != event or revision.discarded is not None:
            return None
        return self.finding(revision)


def _recorded_problem(revision: Revision) -> str | None:
    event = revision.corrupted.event if revision.corrupted else None
    return event.problem if isinstance(event, PartitionMarkedCorrupt) else None


@contextlib.contextmanager
def held_if_possible(catalog: Catalog, series: Series) -> Iterator[Held]:
    """Hold the series' lock and yield the writer, or none where nothing can be written."""
    with contextlib.ExitStack() as stack:
        held = Held()
        try:
            held = Held(stack.enter_context(catalog.writing(series)))
        except CatalogBusyError:
            raise
        except CatalogError as error:
            # No room, no right to write, or something stands where a folder should be.
            held = Held(full=isinstance(error, DiskFullError))
        yield held
