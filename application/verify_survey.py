"""Goes through the catalog's folder, and says of each file what the ledger knows of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from application.verify_findings import Unknown
from domain.availability import Availability
from domain.errors import UnreadablePartitionError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.upkeep import CatalogFiles, FilePlace, FoundFile

_REPAIR = "barledger verify --repair"


@attrs.define
class Survey:
    """What the folder holds beside the files that are where they belong.

    `twins` are files with the content of revisions that were looked for, by SHA-256. `newer`
    are files of revisions that the ledger does not know yet. `misplaced` are current revisions
    that lie in the history, where barledger finds them and other tools do not.
    """

    twins: dict[str, str] = attrs.field(factory=dict)
    newer: defaultdict[Series, list[FoundFile]] = attrs.field(factory=lambda: defaultdict(list))
    misplaced: list[tuple[FoundFile, PartitionWritten]] = attrs.field(factory=list)
    unknown: list[Unknown] = attrs.field(factory=list)


class CatalogSurvey:
    """Looks at every file's path, and reads those alone that could be what is looked for."""

    def __init__(self, files: CatalogFiles) -> None:
        self._files = files

    def series(self) -> set[Series]:
        """Return every series that has a file in its folder, whether the ledger knows it or not."""
        places = (FilePlace.CURRENT, FilePlace.TEMPORARY)
        return {one.series for one in self._files.find() if one.series and one.place in places}

    def run(
        self,
        availability: Availability,
        chosen: Collection[Series] | None,
        missing: Iterable[PartitionWritten],
    ) -> Survey:
        """Return what lies there of the series `chosen`, or of all.

        The content of `missing` revisions is looked for everywhere.
        """
        survey, known = Survey(), _Known(availability)
        sizes: defaultdict[int, list[PartitionWritten]] = defaultdict(list)
        for one in missing:
            sizes[one.size].append(one)
        for file in self._files.find():
            if file.size in sizes:
                self._match(file, sizes[file.size], survey)
            if chosen is None or file.series in chosen:
                _classify(file, known, survey)
        # What is needed elsewhere is told of there.
        found = set(survey.twins.values())
        survey.unknown = [one for one in survey.unknown if one.path not in found]
        return survey

    def _match(self, file: FoundFile, wanted: Sequence[PartitionWritten], survey: Survey) -> None:
        try:
            digest = self._files.digest(file.path)
        except UnreadablePartitionError:
            return
        if any(one.sha256 == digest and not _in_its_place(file, one) for one in wanted):
            survey.twins.setdefault(digest, file.path)


def _in_its_place(file: FoundFile, event: PartitionWritten) -> bool:
    named = (file.series, file.partition, file.revision)
    places = (FilePlace.CURRENT, FilePlace.HISTORY)
    return file.place in places and named == (event.series, event.partition, event.revision)


@attrs.define
class _Known:
    """Which revisions the ledger knows of one series, which is asked for many times in a row."""

    availability: Availability
    series: Series | None = None
    last: Mapping[str, int] = attrs.field(factory=dict)
    current: Mapping[str, int] = attrs.field(factory=dict)

    def of(self, series: Series) -> _Known:
        """Return the same for `series`."""
        if series != self.series:
            held = self.availability.holdings(series)
            self.series, self.last = series, dict(held.revisions)
            names = held.partitions.each("partition")
            self.current = dict(zip(names, held.partitions.each("revision"), strict=True))
        return self


def _classify(file: FoundFile, known: _Known, survey: Survey) -> None:
    """Put a file where it belongs, if there is anything to be said of it."""
    if file.place is FilePlace.QUARANTINE:
        return
    if file.series is None or file.partition is None or file.revision is None:
        survey.unknown.append(Unknown(file.path, *_STRAY[_kind(file)], file.series))
        return
    here = known.of(file.series)
    if file.revision > here.last.get(file.partition, 0):
        survey.newer[file.series].append(file)
        what = "the ledger does not know it, and nothing newer either"
        survey.unknown.append(Unknown(file.path, what, f"{_REPAIR} --yes takes it in", file.series))
    elif file.place is FilePlace.ORPHANS:
        survey.unknown.append(Unknown(file.path, *_STRAY["old"], file.series))
    elif file.place is FilePlace.HISTORY and here.current.get(file.partition) == file.revision:
        survey.misplaced.append(
            (file, known.availability.holdings(file.series).partitions[file.partition])
        )


def _kind(file: FoundFile) -> str:
    if file.place is FilePlace.TEMPORARY:
        return "temporary"
    return "outside" if file.series is None else "unnamed"


_STRAY = {
    "temporary": (
        "a writer that was killed has left it",
        "the next command that writes to this series removes it",
    ),
    "outside": (
        "it lies outside every series' folder",
        "barledger does not read it; move it out of the Parquet catalog",
    ),
    "unnamed": (
        "its name is not that of a partition",
        "barledger does not read it, other tools may; move it out of the Parquet catalog",
    ),
    "old": (
        "it was set aside, and the ledger knows this revision or a later one",
        "delete it once you are sure that you do not need it",
    ),
}
