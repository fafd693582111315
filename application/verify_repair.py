"""Puts right what can be put right without a source: from files that lie elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from application.catalog import Catalog
from application.series_writer import Change, Lazily, SeriesReader, SeriesWriter
from application.space import ensure_space, space_needed
from application.verify_findings import Repaired
from application.verify_series import Finding, SeriesCheck, SeriesFindings
from application.verify_survey import Survey
from domain.availability import Availability, SeriesHoldings
from domain.errors import BarledgerError, UnreadablePartitionError
from domain.events import PartitionWritten, WriteCause
from domain.instrument import Series
from domain.ports import BarRepository, Progress
from domain.soundness import contradiction, event_of
from domain.upkeep import CatalogFiles, DiskSpace, FoundFile


@attrs.define
class RepairLog:
    """What was repaired, in which series, and why other files (by path) were left alone.

    `welcome` are files that a repair would take in without being told to. `left` says what
    becomes of the refused ones.
    """

    left: str = "left where it is"

    repaired: list[Repaired] = attrs.field(factory=list)
    welcome: set[str] = attrs.field(factory=set)
    touched: set[Series] = attrs.field(factory=set)
    refused: dict[str, str] = attrs.field(factory=dict)

    def note(self, series: Series, path: str, action: str) -> None:
        """Remember a repair."""
        self.touched.add(series)
        self.repaired.append(Repaired(path, action))


@attrs.frozen
class _Candidate:
    """A file that the ledger does not know, and the event that would record it in its place."""

    path: str
    event: PartitionWritten


class CatalogRepair:
    """Repairs one series after the other; each repair is whole or did not happen."""

    def __init__(
        self,
        catalog: Catalog,
        repository: BarRepository,
        files: CatalogFiles,
        check: SeriesCheck,
        progress: Progress,
        disk: DiskSpace,
    ) -> None:
        self._catalog = catalog
        self._repository = repository
        self._files = files
        self._check = check
        self._progress = progress
        self._disk = disk

    def run(self, checked: Iterable[SeriesFindings], survey: Survey, *, replace: bool) -> RepairLog:
        """Bring back what is damaged or misplaced, then take in what the ledger does not know.

        What the ledger does not know, and would change what is held, needs `replace`.

        Raises:
            CatalogError, LedgerError: it could not be done.
        """
        log = RepairLog()
        for found in checked:
            if found.findings and found.writable:
                self._mend(found, survey, log)
        for file, event in survey.misplaced:
            self._move(file, event, log)
        for series, files in sorted(survey.newer.items(), key=lambda one: one[0]):
            self._take_in(series, files, log, replace=replace)
        return log

    def foresee(self, survey: Survey, availability: Availability) -> RepairLog:
        """Return what a repair would say of the files that the ledger does not know.

        Raises:
            CatalogError, LedgerError: it cannot be told.
        """
        log = RepairLog("barledger verify --repair leaves it where it is")
        for series, files in sorted(survey.newer.items(), key=lambda one: one[0]):
            reader = self._catalog.reader(availability.holdings(series))
            for partition, candidates in self._grouped(reader.holdings, files, log):
                paths = [one.path for one in candidates]
                reason = self._reason_to_refuse(reader, partition, candidates, replace=True)
                if reason:
                    log.refused.update(dict.fromkeys(paths, reason))
                elif not self._reason_to_refuse(reader, partition, candidates, replace=False):
                    log.welcome.update(paths)
        log.refused = {
            path: f"the ledger does not know it: {reason}" for path, reason in log.refused.items()
        }
        return log

    def _mend(self, found: SeriesFindings, survey: Survey, log: RepairLog) -> None:
        """Put sound files back; where the damage was recorded, write the partition anew."""
        anew: dict[str, PartitionWritten] = {}
        with self._catalog.writing(found.series) as writer:
            history = self._catalog.history(found.series)
            for finding in found.findings:
                now = self._check.still(history, finding)
                if now and (now.sound_again or self._put_back(now, survey, log)):
                    event = now.revision.event
                    if now.known and not now.superseded:
                        anew[event.partition] = event
            if anew:
                self._write_anew(writer, anew, log)

    def _put_back(self, finding: Finding, survey: Survey, log: RepairLog) -> bool:
        event = finding.revision.event
        twin = survey.twins.get(event.sha256)
        if twin is None or finding.blocked or not self._is_sound(twin, event):
            return False
        self._repository.quarantine(event)
        self._files.put_back(twin, event.path)
        log.touched.add(event.series)
        if not finding.known or finding.superseded:
            log.note(event.series, event.path, f"put back from {twin}")
        return True

    def _is_sound(self, path: str, event: PartitionWritten) -> bool:
        try:
            return contradiction(self._files.describe(path), event) is None
        except UnreadablePartitionError:
            return False

    def _write_anew(
        self, writer: SeriesWriter, damaged: Mapping[str, PartitionWritten], log: RepairLog
    ) -> None:
        series = writer.holdings.series
        ensure_space(self._disk, space_needed(one.bars for one in damaged.values()))
        changes = Lazily(damaged, lambda name: _recovered(writer, damaged[name]))
        with self._progress.track(f"Recovering {series}", len(damaged)) as task:
            for recorded in writer.commit(changes, [], task):
                if isinstance(recorded.event, PartitionWritten):
                    log.note(
                        series, recorded.event.path, "written anew, for the lost file was found"
                    )

    def _move(self, file: FoundFile, event: PartitionWritten, log: RepairLog) -> None:
        """Put a current revision where other tools find it too."""
        with self._catalog.writing(event.series) as writer:
            if writer.holdings.partitions.get(event.partition) == event:
                self._files.put_back(file.path, event.path)
                log.note(event.series, event.path, "put back from the history")

    def _take_in(
        self, series: Series, files: Sequence[FoundFile], log: RepairLog, *, replace: bool
    ) -> None:
        with self._catalog.writing(series) as writer:
            taken: list[PartitionWritten] = []
            for partition, candidates in self._grouped(writer.holdings, files, log):
                reason = self._reason_to_refuse(writer, partition, candidates, replace=replace)
                if reason:
                    log.refused.update({one.path: reason for one in candidates})
                else:
                    # Copied, then deleted where it lay, one after the other.
                    ensure_space(self._disk, space_needed([max(map(_bars, candidates))]))
                    taken += self._placed(candidates, log)
            writer.record(taken)
        if taken:
            self._unify_precisions(series)

    def _grouped(
        self, holdings: SeriesHoldings, files: Sequence[FoundFile], log: RepairLog
    ) -> Iterator[tuple[str, list[_Candidate]]]:
        """Yield the files that could be taken in, by partition, the oldest revisions first."""
        found = sorted(self._candidates(holdings, files, log), key=_partition_and_revision)
        for partition, group in itertools.groupby(found, lambda one: one.event.partition):
            yield partition, list(group)

    def _candidates(
        self, holdings: SeriesHoldings, files: Sequence[FoundFile], log: RepairLog
    ) -> Iterator[_Candidate]:
        series = holdings.series
        for file in files:
            try:
                found = self._files.describe(file.path)
            except UnreadablePartitionError as error:
                log.refused[file.path] = error.message.rstrip(".")
                continue
            new = found.new
            if new.series != series:
                log.refused[file.path] = f"it is a file of {new.series}"
            elif new.revision <= holdings.revisions.get(new.partition, 0):
                log.refused[file.path] = (
                    f"it is revision {new.revision} of {new.partition}, and the ledger knows "
                    "that or a later one"
                )
            else:
                place = self._files.place_of(series, new.partition, new.revision)
                yield _Candidate(file.path, event_of(found, place))

    def _reason_to_refuse(
        self,
        reader: SeriesReader,
        partition: str,
        candidates: Sequence[_Candidate],
        *,
        replace: bool,
    ) -> str | None:
        for one, other in itertools.pairwise(candidates):
            if one.event.revision == other.event.revision and not self._same(one, other):
                return f"several files claim to be revision {one.event.revision} and differ"
        held = reader.holdings.partitions.get(partition)
        if replace:
            return None
        if held is None:
            # A killed import may have been killed because it was wrong: only a person knows.
            event = candidates[-1].event
            return (
                f"it holds {event.bars:,} bars from {event.source} {event.detail}, perhaps of an "
                "import that never ended: add --yes to take it in"
            )
        try:
            newest = self._files.describe(candidates[-1].path).new.bars
            if reader.read(partition).same_values(newest):
                return None
        except BarledgerError as error:
            return error.message.rstrip(".")
        return (
            f"its bars differ from those of revision {held.revision}, which is held: "
            "add --yes to let it replace them"
        )

    def _same(self, one: _Candidate, other: _Candidate) -> bool:
        bars = (self._files.describe(each.path).new.bars for each in (one, other))
        return next(bars).same_values(next(bars))

    def _placed(
        self, candidates: Sequence[_Candidate], log: RepairLog
    ) -> Iterator[PartitionWritten]:
        """Put each revision in its place, the oldest first; a second copy of one stays."""
        for _, group in itertools.groupby(candidates, lambda one: one.event.revision):
            candidate = next(group)
            event = candidate.event
            self._files.put_back(candidate.path, event.path)
            log.note(event.series, event.path, f"taken in from {candidate.path}")
            yield event

    def _unify_precisions(self, series: Series) -> None:
        """Let all files of a series have the same number of decimals again."""
        with self._catalog.writing(series) as writer:
            precisions = set(
                zip(
                    writer.holdings.partitions.each("price_precision"),
                    writer.holdings.partitions.each("size_precision"),
                    strict=True,
                )
            )
            if len(precisions) > 1:
                bars = writer.holdings.partitions.each("bars")
                ensure_space(self._disk, space_needed(bars))
                with self._progress.track(
                    f"Rewriting {series}", len(writer.holdings.partitions)
                ) as task:
                    writer.commit({}, [], task)


def _recovered(writer: SeriesWriter, event: PartitionWritten) -> Change:
    bars = writer.read_revision(event)
    return Change(
        bars, event.coverage, event.basis, event.source, event.detail, WriteCause.RECOVERED
    )


def _bars(candidate: _Candidate) -> int:
    return candidate.event.bars


def _partition_and_revision(candidate: _Candidate) -> tuple[str, int, str]:
    return candidate.event.partition, candidate.event.revision, candidate.path
