"""What the files of one partition tell of its past, as events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from application.verify_findings import Unknown
from domain.errors import UnreadablePartitionError
from domain.events import Event, PartitionMarkedCorrupt, PartitionRemoved, PartitionWritten
from domain.instrument import Series
from domain.soundness import event_of
from domain.upkeep import CatalogFiles, FilePlace, FoundFile


@attrs.frozen
class BrokenFile:
    """A file in a revision's place that cannot be taken for it, and why.

    It is `misnamed` where it is a sound file, but of another revision.
    """

    file: FoundFile
    problem: str
    superseded: bool
    misnamed: bool = False


@attrs.define
class PartitionRecord:
    """The events of one partition, and the files that none of them speaks of."""

    events: list[Event] = attrs.field(factory=list)
    broken: list[BrokenFile] = attrs.field(factory=list)
    unknown: list[Unknown] = attrs.field(factory=list)
    current: PartitionWritten | None = None
    superseded: int = 0
    undecided: str | None = None


def record_of(found: Sequence[FoundFile], files: CatalogFiles) -> PartitionRecord:
    """Return the events that stand for the files of one partition, which are all named by it.

    The newest revision in the series' folder itself is the current one, the others are what
    was before. Where that one is damaged the partition holds nothing: an older one would be
    what was replaced, and nobody has said that it holds again.
    """
    record = PartitionRecord()
    here = [one for one in found if one.place is FilePlace.CURRENT]
    newest = max(here, key=_revision, default=None)
    if len(here) > 1 and newest is not None:
        record.undecided = f"{newest.path}: the newest of {len(here)} revisions in its folder"
    written = list(_written(found, newest, files, record))
    record.events += written
    record.superseded = len(written)
    if newest is not None and written and written[-1].revision == newest.revision:
        record.current = written[-1]
        record.superseded -= 1
    elif written:
        record.events.append(_removed(written[-1], newest))
    record.events += [_corrupt(one) for one in record.broken if not one.misnamed]
    return record


def _written(
    found: Sequence[FoundFile],
    newest: FoundFile | None,
    files: CatalogFiles,
    record: PartitionRecord,
) -> Iterator[PartitionWritten]:
    """Yield the sound revisions, oldest first."""
    last = 0
    # Of two files of one revision the one in the series' folder itself counts.
    for file in sorted(found, key=lambda one: (_revision(one), one.place is FilePlace.HISTORY)):
        if _revision(file) == last or (newest and _revision(file) > _revision(newest)):
            what = "it is older or newer than its place says, or there twice"
            record.unknown.append(Unknown(file.path, what, "left where it is", file.series))
            continue
        last = _revision(file)
        event = _event(file, files, record, superseded=file is not newest)
        if event is not None:
            yield event


def _event(
    file: FoundFile, files: CatalogFiles, record: PartitionRecord, *, superseded: bool
) -> PartitionWritten | None:
    named = _named(file)
    try:
        found = files.describe(file.path)
    except UnreadablePartitionError as error:
        record.broken.append(BrokenFile(file, error.message.rstrip("."), superseded))
        return None
    new = found.new
    if (new.series, new.partition, new.revision) != named:
        says = f"it says that it is revision {new.revision} of {new.series} {new.partition}"
        record.broken.append(BrokenFile(file, says, superseded, misnamed=True))
        return None
    return event_of(found, files.place_of(*named))


def _named(file: FoundFile) -> tuple[Series, str, int]:
    if file.series is None or file.partition is None or file.revision is None:
        raise ValueError(f"{file.path} names no revision")
    return file.series, file.partition, file.revision


def _revision(file: FoundFile) -> int:
    return file.revision or 0


def _removed(last: PartitionWritten, newest: FoundFile | None) -> PartitionRemoved:
    reason = "it lies in the history alone"
    if newest is not None:
        reason = f"revision {newest.revision}, which took its place, is damaged"
    return PartitionRemoved(
        last.series, last.partition, last.revision, last.path, last.bars, reason
    )


def _corrupt(broken: BrokenFile) -> PartitionMarkedCorrupt:
    return PartitionMarkedCorrupt(*_named(broken.file), broken.file.path, broken.problem)
