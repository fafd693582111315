"""Checks every file of the catalog against what was recorded, and puts damage on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from application.catalog import Catalog
from application.chosen_series import chosen_series
from application.series_writer import SeriesWriter
from application.verify_findings import Damage, Unknown, Verification
from application.verify_repair import CatalogRepair, RepairLog
from application.verify_series import Finding, SeriesCheck, SeriesFindings, held_if_possible
from application.verify_survey import CatalogSurvey, Survey
from application.verify_texts import action_on
from domain.availability import Availability
from domain.bar_type import BarType
from domain.errors import CatalogError, DiskFullError
from domain.events import PartitionMarkedCorrupt
from domain.instrument import Series
from domain.ports import BarRepository, Progress
from domain.upkeep import CatalogFiles, DiskSpace


@attrs.frozen
class VerifyRequest:
    """What is to be verified: no instruments and no bar type stand for all that is held.

    `repair` puts right what can be put right without a source. Files that the ledger does not
    know replace held bars only where `replace` allows it.
    """

    instruments: tuple[str, ...] = ()
    bar_type: BarType | None = None
    repair: bool = False
    replace: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether some series are meant, not the whole catalog."""
        return bool(self.instruments or self.bar_type)


class VerifyCatalog:
    """The use case."""

    def __init__(
        self,
        catalog: Catalog,
        repository: BarRepository,
        files: CatalogFiles,
        progress: Progress,
        disk: DiskSpace,
    ) -> None:
        self._catalog = catalog
        self._repository = repository
        self._progress = progress
        self._check = SeriesCheck(catalog, files)
        self._survey = CatalogSurvey(files)
        self._repair = CatalogRepair(catalog, repository, files, self._check, progress, disk)

    def run(self, request: VerifyRequest) -> Verification:
        """Read all that is recorded, settle what is damaged, and look at all other files.

        Raises:
            InvalidInstrumentIdError, AmbiguousSymbolError, DataNotFoundError: the request.
            LedgerDamagedError: the ledger contradicts itself.
            CatalogBusyError, DiskFullError, LedgerError: it could not be done.
        """
        availability = self._catalog.availability()
        chosen = chosen_series(availability, request.instruments, request.bar_type)
        for series in chosen:
            self._catalog.proved_holdings(series, availability.head)
        if not request.is_partial:
            self._heal_strangers(availability)
        checked = {one.series: one for one in self._checked(availability, chosen)}
        wanted = set(chosen) if request.is_partial else None
        survey, log = self._look(wanted, checked.values()), RepairLog()
        if request.repair:
            log = self._repair.run(checked.values(), survey, replace=request.replace)
            again = self._checked(self._catalog.availability(), sorted(log.touched))
            checked.update({one.series: one for one in again})
            survey = self._look(wanted, checked.values())
        else:
            log = self._repair.foresee(survey, self._catalog.availability())
            if survey.misplaced:
                self._tell_misplaced(survey)
        self._tell_unwritable(checked.values())
        damaged = [one for found in checked.values() for one in self._settled(found, survey)]
        return _result(list(checked.values()), damaged, survey, log)

    def _heal_strangers(self, availability: Availability) -> None:
        """Clear what writers left who died before their series was known."""
        for series in sorted(self._survey.series().difference(availability.series)):
            with held_if_possible(self._catalog, series):
                pass

    def _checked(
        self, availability: Availability, chosen: Sequence[Series]
    ) -> list[SeriesFindings]:
        total = sum(sum(availability.holdings(one).revisions.values()) for one in chosen)
        with self._progress.track("Verifying the Parquet catalog", total) as task:
            return [self._check.run(series, task) for series in chosen]

    def _look(self, chosen: set[Series] | None, checked: Iterable[SeriesFindings]) -> Survey:
        missing = [one.revision.event for found in checked for one in found.findings]
        return self._survey.run(self._catalog.availability(), chosen, missing)

    def _tell_unwritable(self, checked: Iterable[SeriesFindings]) -> None:
        unwritable = [one for one in checked if not one.writable]
        if any(one.full for one in unwritable):
            self._progress.warn(
                "The Parquet catalog's disk is full: damage is reported, neither recorded nor "
                "moved. Free some space, then verify again."
            )
        elif unwritable:
            self._progress.warn(
                "The Parquet catalog cannot be written to: damage is reported, "
                "neither recorded nor moved."
            )

    def _tell_misplaced(self, survey: Survey) -> None:
        self._progress.warn(
            f"{len(survey.misplaced)} current partitions lie in the history, where barledger "
            "finds them and other tools do not. To put them back: barledger verify --repair"
        )

    def _settled(self, found: SeriesFindings, survey: Survey) -> list[Damage]:
        """Record and move what is newly found, and return all that is to be told."""
        fresh = [one for one in found.damage if not one.known and not one.blocked]
        settled = bool(fresh) and found.writable and self._record(found, fresh)
        return [
            _told(one, survey.twins.get(one.revision.event.sha256), left=not settled)
            for one in found.damage
        ]

    def _record(self, found: SeriesFindings, fresh: Sequence[Finding]) -> bool:
        """Record damage and move the files; return whether that could be done.

        Another process may have put a file back since it was looked at: what is sound by now is
        neither recorded nor moved.
        """
        with held_if_possible(self._catalog, found.series) as held:
            if held.writer is None:
                return False
            history = self._catalog.history(found.series)
            now = [(one, self._check.still(history, one)) for one in fresh]
            damaged = [one for _, one in now if one and not (one.sound_again or one.blocked)]
            marks = [_mark(one) for one in damaged if not one.known]
            if marks and not self._recorded(held.writer, marks):
                return False
            for one in damaged:
                self._move(one)
        for before, after in now:
            if after not in damaged:
                found.replace(before, after)
        return True

    def _recorded(self, writer: SeriesWriter, marks: Sequence[PartitionMarkedCorrupt]) -> bool:
        try:
            writer.record(marks)
        except DiskFullError as error:
            self._progress.warn(f"What was found cannot be recorded. {error.message}")
            return False
        return True

    def _move(self, finding: Finding) -> None:
        try:
            self._repository.quarantine(finding.revision.event)
        except CatalogError as error:
            self._progress.warn(f"{finding.revision.event.path} stays where it is. {error.message}")


def _mark(finding: Finding) -> PartitionMarkedCorrupt:
    event = finding.revision.event
    return PartitionMarkedCorrupt(
        event.series, event.partition, event.revision, event.path, finding.problem
    )


def _told(finding: Finding, twin: str | None, *, left: bool) -> Damage:
    problem = f"{finding.problem}; the same file lies at {twin}" if twin else finding.problem
    action = action_on(finding, movable=twin is not None or finding.sound_again, left=left)
    return Damage(finding.revision.event, problem, action, finding.superseded, finding.known, twin)


def _result(
    checked: Sequence[SeriesFindings], damaged: Sequence[Damage], survey: Survey, log: RepairLog
) -> Verification:
    return Verification(
        partitions=sum(one.partitions for one in checked),
        bars=sum(one.bars for one in checked),
        revisions=sum(one.revisions for one in checked),
        lost=sum(len(one.lost) for one in checked),
        damaged=tuple(damaged),
        unknown=tuple(_explained(one, log) for one in survey.unknown),
        repaired=tuple(log.repaired),
        writable=all(one.writable for one in checked),
    )


def _explained(unknown: Unknown, log: RepairLog) -> Unknown:
    if unknown.path in log.welcome:
        return attrs.evolve(unknown, action="barledger verify --repair takes it in")
    reason = log.refused.get(unknown.path)
    if reason is None:
        return unknown
    return attrs.evolve(unknown, problem=reason, action=log.left)
